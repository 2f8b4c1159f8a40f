package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.RowMapper;

/**
 * Looks through the retained messages for one that is in no batch although its id is settled: no scan would ever find it. There
 * should be none. If there is one, it gets a batch of its own and is reported: it is late, not lost. Thread-safe. Remembers in
 * this process how far it has come.
 */
public class OutboxScrub {

    private static final Logger log = LoggerFactory.getLogger(OutboxScrub.class);

    /** Messages of one step: one statement, one snapshot, well below 0.1 s. */
    private static final int STEP = 5_000;

    private static final String WALK = """
            SELECT x.id,
                   CASE WHEN EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = x.id) THEN TRUE
                        ELSE EXISTS (SELECT 1 FROM outbox_batch b
                                     WHERE b.partition_id = ? AND b.highest_id >= x.id AND b.lowest_id <= x.id
                                       AND x.id = ANY (b.message_ids)) END AS accounted
            FROM (SELECT m.id FROM outbox_message m
                  WHERE m.partition_id = ? AND m.id > ? AND m.id <=
                      (SELECT p.settled_id FROM outbox_progress p WHERE p.partition_id = ?)
                  ORDER BY m.partition_id, m.id LIMIT 5000) x
            ORDER BY x.id
            """;

    private final OutboxDatabase database;
    private final Duration roundInterval;
    private final Map<Integer, Round> rounds = new ConcurrentHashMap<>();

    /** @param roundInterval from the end of a round through a partition's messages to the next one's begin */
    OutboxScrub(OutboxDatabase database, Duration roundInterval) {
        this.database = database;
        this.roundInterval = roundInterval;
    }

    /**
     * How far a round has come ({@link Long#MIN_VALUE}: it has not begun), and the {@link System#nanoTime} before which it does
     * not begin.
     */
    private record Round(long scrubbedTo, long notBefore) {}

    private record Walked(long id, boolean accounted) {}

    /**
     * Goes on where the last call stopped.
     *
     * @param instance who asks, for the batch's row
     * @param maxDuration no step begins after this
     * @return messages that were found in no batch, and have one now
     */
    public int scrub(Collection<Integer> numbers, String instance, Duration maxDuration) {
        long deadline = System.nanoTime() + maxDuration.toNanos();
        int found = 0;
        for (int partition : numbers) {
            Round round = rounds.getOrDefault(partition, new Round(Long.MIN_VALUE, System.nanoTime()));
            boolean more = System.nanoTime() - round.notBefore() >= 0;
            while (more && System.nanoTime() - deadline < 0) {
                List<Walked> walked = walk(partition, round.scrubbedTo());
                found += missing(walked).length == 0 ? 0 : giveBatch(partition, round.scrubbedTo(), instance);
                more = walked.size() == STEP;
                round = more
                        ? new Round(walked.get(STEP - 1).id(), round.notBefore())
                        : new Round(Long.MIN_VALUE, System.nanoTime() + roundInterval.toNanos());
                rounds.put(partition, round);
            }
        }
        return found;
    }

    private List<Walked> walk(int partition, long after) {
        RowMapper<Walked> walked = (row, n) -> new Walked(row.getLong(1), row.getBoolean(2));
        return database.jdbc().query(WALK, walked, partition, partition, after, partition);
    }

    private static long[] missing(List<Walked> walked) {
        return walked.stream()
                .filter(message -> !message.accounted())
                .mapToLong(Walked::id)
                .toArray();
    }

    /** Looks again, now holding the partition's row, and gives one batch to the messages that are still in none. */
    private int giveBatch(int partition, long after, String instance) {
        PartitionRepository repository = new PartitionRepository(database, partition);
        long[] given = requireNonNull(database.transaction().execute(status -> {
            PartitionRepository.Row row = repository.lock();
            LogEnd end = repository.logEnd();
            long[] missing = missing(walk(partition, after));
            if (missing.length > 0) {
                repository.write(List.of(repository.insertBatch(
                        end.lastPosition() + 1,
                        Checkpoint.randomId(),
                        row.currentHistory(),
                        missing,
                        new PartitionRepository.Settled(end.settledId(), end.sampleId(), end.sampleXid()),
                        instance)));
            }
            return missing;
        }));
        database.diskSync().flush();
        if (given.length > 0) {
            log.error(
                    "Partition {}: {} messages were in no batch although their ids were settled, the first with id {}. They"
                            + " are delivered now. This should never happen: please report it.",
                    partition,
                    given.length,
                    given[0]);
        }
        return given.length;
    }
}

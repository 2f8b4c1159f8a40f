package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.RowMapper;

/**
 * Looks through the retained messages for one that is in no batch although its id is settled: no scan would ever find it. There
 * should be none. If there is one, it gets a batch of its own and is reported: it is late, not lost. Thread-safe.
 */
public class OutboxScrub {

    private static final Logger log = LoggerFactory.getLogger(OutboxScrub.class);

    private static final int STEP = 5_000;

    /** Pages of the batch log that a step reads to find its messages: 60 of small batches take about 0.1 s. */
    private static final int MAX_PAGES = 60;

    /** Messages that a step looks for in the whole log: each takes 0.5 s if that has a million batches. */
    private static final int MAX_SUSPECTS = 5;

    private static final String IS_CLAIMED = """
            SELECT EXISTS (SELECT 1 FROM outbox_batch b WHERE b.partition_id = ? AND b.highest_id >= ? AND b.lowest_id <= ?
                                                          AND CAST(? AS BIGINT) = ANY (b.message_ids))
            """;

    private final OutboxDatabase database;
    private final Duration roundInterval;
    private final Map<Integer, Round> rounds = new ConcurrentHashMap<>();

    /** @param roundInterval from the end of a round through a partition's messages to the next one's begin */
    OutboxScrub(OutboxDatabase database, Duration roundInterval) {
        this.database = database;
        this.roundInterval = roundInterval;
    }

    /** How far a round has come (or {@link Long#MIN_VALUE}), and the {@link System#nanoTime} before which it does not begin. */
    private record Round(long scrubbedTo, long notBefore) {}

    private record Message(int partition, long id, boolean parked) {}

    /** A step through the messages: ids that are in no batch, how far it came, and whether there may be messages after it. */
    private record Walked(NavigableSet<Long> missing, long to, boolean more) {}

    /**
     * Goes on where the last call stopped; no step begins after {@code maxDuration}. {@code instance}: who asks, for the
     * batch's row. Returns how many messages it found that were in no batch, and have one now.
     */
    public int scrub(Collection<Integer> numbers, String instance, Duration maxDuration) {
        long deadline = System.nanoTime() + maxDuration.toNanos();
        int found = 0;
        for (int partition : numbers) {
            Round round = rounds.getOrDefault(partition, new Round(Long.MIN_VALUE, System.nanoTime()));
            boolean more = System.nanoTime() - round.notBefore() >= 0;
            while (more && System.nanoTime() - deadline < 0) {
                PartitionRepository repository = new PartitionRepository(database, partition);
                Walked walked = walk(repository, partition, round.scrubbedTo());
                found +=
                        walked.missing().isEmpty() ? 0 : giveBatch(repository, partition, round.scrubbedTo(), instance);
                more = walked.more();
                round = more
                        ? new Round(walked.to(), round.notBefore())
                        : new Round(Long.MIN_VALUE, System.nanoTime() + roundInterval.toNanos());
                rounds.put(partition, round);
            }
        }
        return found;
    }

    private Walked walk(PartitionRepository repository, int partition, long after) {
        long settled = requireNonNull(database.jdbc()
                .queryForObject(
                        "SELECT settled_id FROM outbox_progress WHERE partition_id = ?", Long.class, partition));
        RowMapper<Message> message = (row, n) -> new Message(row.getInt(1), row.getLong(2), row.getBoolean(3));
        List<Message> messages =
                database.jdbc().query(database.dialect().messagesAfter(), message, partition, after, STEP).stream()
                        .takeWhile(next -> next.partition() == partition && next.id() <= settled)
                        .toList();
        NavigableSet<Long> missing = new TreeSet<>();
        messages.stream().filter(next -> !next.parked()).forEach(next -> missing.add(next.id()));
        long to = messages.isEmpty() ? after : messages.get(messages.size() - 1).id();
        boolean more = messages.size() == STEP;
        if (!removeClaimed(repository, missing) && !missing.isEmpty()) {
            List<Long> suspects = missing.stream().limit(MAX_SUSPECTS).toList();
            if (suspects.size() < missing.size()) { // the next step looks for the others
                to = suspects.get(MAX_SUSPECTS - 1);
                more = true;
            }
            missing.retainAll(suspects);
            missing.removeIf(id -> isClaimed(partition, id));
        }
        return new Walked(missing, to, more);
    }

    /** Removes ids that are in a batch. Returns whether it has read all batches that may have one of the others. */
    private static boolean removeClaimed(PartitionRepository repository, NavigableSet<Long> ids) {
        if (ids.isEmpty()) {
            return true;
        }
        long after = ids.first() - 1;
        for (int page = 0; page < MAX_PAGES && !ids.isEmpty(); page++) {
            PartitionRepository.ClaimedIds claimed = repository.claimedAbove(after);
            LongStream.of(claimed.ids()).forEach(ids::remove);
            if (claimed.end()) {
                return true;
            }
            after = claimed.last();
        }
        return false;
    }

    private boolean isClaimed(int partition, long id) {
        return Boolean.TRUE.equals(database.jdbc().queryForObject(IS_CLAIMED, Boolean.class, partition, id, id, id));
    }

    /** Looks again, now holding the partition's row, and gives one batch to the messages that are still in none. */
    private int giveBatch(PartitionRepository repository, int partition, long after, String instance) {
        long[] given = requireNonNull(database.transaction().execute(status -> {
            PartitionRepository.Row row = repository.lock();
            LogEnd end = repository.logEnd();
            long[] missing = walk(repository, partition, after).missing().stream()
                    .mapToLong(Long::longValue)
                    .toArray();
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

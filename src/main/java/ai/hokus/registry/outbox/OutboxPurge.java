package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.function.LongConsumer;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Deletes what was delivered long enough ago: whole batches with their messages, the oldest first. It never deletes what the
 * protocol needs: the batch that was delivered last and those after it, batches with an id that is not settled yet, and
 * messages that are parked and wait for an operator. Thread-safe. Each of its bounded transactions holds the partition's row.
 */
@Component
public class OutboxPurge {

    private static final String LOCK = """
            SELECT purged_position, CURRENT_TIMESTAMP AS now FROM outbox_partition WHERE partition_id = ? FOR UPDATE
            """;

    /**
     * The position up to which everything was delivered before the cutoff, and no later rewind went further back. Which one is
     * later is told by delivery_no, since the database's clock can step back. It is always below the position delivered last.
     * Also the highest settled id.
     */
    private static final String EXPIRED = """
            SELECT LEAST(COALESCE((SELECT LEAST(d.to_position, COALESCE((SELECT min(r.to_position) FROM outbox_rewind r
                                                                         WHERE r.partition_id = ? AND r.delivery_no > d.delivery_no),
                                                                        d.to_position))
                                   FROM outbox_delivery d WHERE d.partition_id = ? AND d.delivered_at < ?
                                   ORDER BY d.partition_id, d.delivered_at DESC, d.delivery_no DESC LIMIT 1), 0),
                         p.delivered_position - 1),
                   p.settled_id
            FROM outbox_progress p WHERE p.partition_id = ?
            """;

    /** No batch has more than 5,000 messages, so only these can be the last one that ends at or before a position. */
    private static final String LAST_BATCH_BEFORE = """
            SELECT max(last_position) FROM outbox_batch
            WHERE partition_id = ? AND first_position > ? - 5000 AND first_position <= ? AND last_position <= ?
            """;

    private static final String FIRST_UNSETTLED =
            "SELECT min(first_position) FROM outbox_batch WHERE partition_id = ? AND highest_id > ?";

    private static final String UNDECIDED_BETWEEN = """
            SELECT count(*) FROM outbox_parked WHERE partition_id = ? AND position > ? AND position <= ? AND resolution IS NULL
            """;

    private static final String OLDEST_BATCHES = """
            SELECT last_position, highest_id, message_ids FROM outbox_batch
            WHERE partition_id = ? AND first_position > ? AND first_position <= ? ORDER BY first_position LIMIT 1000
            """;

    private static final String DELETE_MESSAGES = """
            DELETE FROM outbox_message m WHERE m.partition_id = ? AND m.id = ANY (?)
              AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id AND k.resolution IS NULL)
            """;

    private static final String DELETE_BATCHES =
            "DELETE FROM outbox_batch WHERE partition_id = ? AND first_position > ? AND first_position <= ?";

    /**
     * Acknowledgements of what is gone. A rewind from a position that is still here has made earlier rows void. As long as those
     * rows are here, the rewind and what came after it must stay too, or the rows would count again.
     */
    private static final String DELETE_DELIVERIES = """
            DELETE FROM outbox_delivery WHERE partition_id = ? AND to_position >= ? AND to_position <= ?
              AND delivery_no < (SELECT x.delivery_no FROM outbox_delivery x WHERE x.partition_id = ?
                                 ORDER BY x.partition_id, x.delivery_no DESC LIMIT 1)
              AND delivery_no < COALESCE((SELECT min(r.delivery_no) FROM outbox_rewind r
                                          WHERE r.partition_id = ? AND r.to_position <= ? AND r.from_position > ?),
                                         9223372036854775807)
            """;

    /** Where to begin: where the last call stopped, or at the rows that a rewind had kept until now. */
    private static final String DELETE_FROM = """
            SELECT COALESCE(min(r.to_position), ?) FROM outbox_rewind r
            WHERE r.partition_id = ? AND r.to_position < ? AND r.from_position > ? AND r.from_position <= ?
            """;

    private static final String DELETE_RESOLVED = """
            DELETE FROM outbox_message m WHERE m.partition_id = ? AND m.id IN
                (SELECT k.id FROM outbox_parked k WHERE k.partition_id = ? AND k.position <= ? AND k.resolved_at < ?)
            """;

    private static final String DELETE_MARKS = """
            DELETE FROM outbox_parked k WHERE k.partition_id = ? AND k.resolved_at < ?
              AND NOT EXISTS (SELECT 1 FROM outbox_message m WHERE m.partition_id = k.partition_id AND m.id = k.id)
            """;

    /** The protocol needs only rewinds above the purged position; older ones are kept for people. */
    private static final String DELETE_REWINDS =
            "DELETE FROM outbox_rewind WHERE partition_id = ? AND rewound_at < ? AND from_position <= ?";

    private static final Duration KEEP_REWINDS = Duration.ofDays(90);

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;

    OutboxPurge(OutboxDatabase database) {
        this.jdbc = database.jdbc();
        this.transaction = database.transaction();
    }

    /**
     * Deletes messages that were delivered longer than {@code retention} ago, by the database's clock. Returns how many.
     *
     * @param maxMessages maximum number of messages that one transaction deletes; one batch is deleted however large it is
     * @param maxDuration no transaction begins after this; what is left waits for the next call
     * @param counter is given the messages that each transaction deletes, within it
     * @throws DataAccessException when a partition could not be purged; the others were
     */
    public long purge(
            Collection<Integer> partitions,
            Duration retention,
            int maxMessages,
            Duration maxDuration,
            LongConsumer counter) {
        long deadline = System.nanoTime() + maxDuration.toNanos();
        Deque<Integer> left = new ArrayDeque<>(partitions);
        long deleted = 0;
        DataAccessException failure = null;
        while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
            int partition = left.remove();
            try {
                Step step = requireNonNull(transaction.execute(status -> {
                    Step done = step(partition, retention, maxMessages);
                    counter.accept(done.deleted());
                    return done;
                }));
                deleted += step.deleted();
                if (step.more()) {
                    left.add(partition);
                }
            } catch (DataAccessException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        return deleted;
    }

    public long purge(Collection<Integer> partitions, Duration retention, int maxMessages, Duration maxDuration) {
        return purge(partitions, retention, maxMessages, maxDuration, deleted -> {});
    }

    /** How many messages {@link #purge} would delete now. */
    public long purgeable(Collection<Integer> partitions, Duration retention) {
        long messages = 0;
        for (int partition : partitions) {
            Bounds bounds = requireNonNull(jdbc.queryForObject(LOCK.replace(" FOR UPDATE", ""), Bounds::of, partition));
            Expired expired = expired(partition, bounds.now().minus(retention));
            Long unsettled = jdbc.queryForObject(FIRST_UNSETTLED, Long.class, partition, expired.settledId());
            long end = unsettled == null ? expired.position() : Math.min(expired.position(), unsettled - 1);
            Long last = jdbc.queryForObject(LAST_BATCH_BEFORE, Long.class, partition, end, end, end);
            if (last != null && last > bounds.purged()) {
                Long kept = jdbc.queryForObject(UNDECIDED_BETWEEN, Long.class, partition, bounds.purged(), last);
                messages += last - bounds.purged() - requireNonNull(kept);
            }
        }
        return messages;
    }

    private record Bounds(long purged, OffsetDateTime now) {
        static Bounds of(java.sql.ResultSet row, int n) throws java.sql.SQLException {
            return new Bounds(row.getLong(1), row.getObject(2, OffsetDateTime.class));
        }
    }

    private record Expired(long position, long settledId) {}

    private record Step(long deleted, boolean more) {}

    private record Batch(long lastPosition, long highestId, List<Object> messageIds) {}

    private Step step(int partition, Duration retention, int maxMessages) {
        Bounds bounds = requireNonNull(jdbc.queryForObject(LOCK, Bounds::of, partition));
        OffsetDateTime cutoff = bounds.now().minus(retention);
        long deleted = jdbc.update(DELETE_RESOLVED, partition, partition, bounds.purged(), cutoff);
        jdbc.update(DELETE_MARKS, partition, cutoff);
        List<Batch> expired = expiredBatches(partition, bounds.purged(), cutoff, maxMessages);
        if (expired.isEmpty()) {
            jdbc.update(DELETE_REWINDS, partition, bounds.now().minus(KEEP_REWINDS), bounds.purged());
            return new Step(deleted, false);
        }
        long to = expired.get(expired.size() - 1).lastPosition();
        Object[] ids =
                expired.stream().flatMap(batch -> batch.messageIds().stream()).toArray();
        deleted += jdbc.update(DELETE_MESSAGES, partition, new SqlArrayValue("bigint", ids));
        jdbc.update(DELETE_BATCHES, partition, bounds.purged(), to);
        Long from = jdbc.queryForObject(
                DELETE_FROM, Long.class, bounds.purged(), partition, bounds.purged(), bounds.purged(), to);
        jdbc.update(DELETE_DELIVERIES, partition, from, to, partition, partition, to, to);
        jdbc.update("UPDATE outbox_partition SET purged_position = ? WHERE partition_id = ?", to, partition);
        return new Step(deleted, true);
    }

    private List<Batch> expiredBatches(int partition, long purged, OffsetDateTime cutoff, int maxMessages) {
        Expired expired = expired(partition, cutoff);
        List<Batch> batches = new ArrayList<>();
        long messages = 0;
        for (Batch batch : jdbc.query(
                OLDEST_BATCHES,
                (row, n) -> new Batch(row.getLong("last_position"), row.getLong("highest_id"), List.of((Object[])
                        row.getArray("message_ids").getArray())),
                partition,
                purged,
                purged + maxMessages)) {
            messages += batch.messageIds().size();
            boolean keep = batch.lastPosition() > expired.position() || batch.highestId() > expired.settledId();
            if (keep || (messages > maxMessages && !batches.isEmpty())) {
                break;
            }
            batches.add(batch);
        }
        return batches;
    }

    private Expired expired(int partition, OffsetDateTime cutoff) {
        RowMapper<Expired> expired = (row, n) -> new Expired(row.getLong(1), row.getLong(2));
        return requireNonNull(jdbc.queryForObject(EXPIRED, expired, partition, partition, cutoff, partition));
    }
}

package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Deletes what was delivered long enough ago. Never what the protocol needs: the message at {@code delivered_position},
 * anything after it, and messages that are parked and wait for an operator.
 *
 * <p>Thread-safe. Works in bounded transactions of its own, each under the partition's row, so that a relay waits no
 * longer than for one of them.
 */
public class OutboxPurge {

    private static final String LOCK = """
            SELECT purged_position, delivered_position, CURRENT_TIMESTAMP AS now
            FROM outbox_partition WHERE partition_id = ? FOR UPDATE
            """;

    private static final String EXPIRED =
            "SELECT max(to_position) FROM outbox_delivery WHERE partition_id = ? AND delivered_at < ?";

    private static final String DELETE_MESSAGES = """
            DELETE FROM outbox_message m WHERE partition_id = ? AND position > ? AND position <= ?
              AND NOT EXISTS (SELECT 1 FROM outbox_parked p WHERE p.id = m.id AND p.resolution IS NULL)
            """;

    private static final String DELETE_DELIVERIES =
            "DELETE FROM outbox_delivery WHERE partition_id = ? AND to_position <= ?";

    private static final String SAVE = "UPDATE outbox_partition SET purged_position = ? WHERE partition_id = ?";

    /**
     * Parked messages are passed by while they wait for an operator, and go once he has decided; the index on positions
     * makes this cheap, for few rows are left below purged_position.
     */
    private static final String DELETE_RESOLVED = """
            DELETE FROM outbox_message m WHERE partition_id = ? AND position <= ? AND EXISTS
                (SELECT 1 FROM outbox_parked p WHERE p.id = m.id AND p.resolved_at < ?)
            """;

    private static final String DELETE_MARKS = """
            DELETE FROM outbox_parked p WHERE p.resolved_at < ?
              AND NOT EXISTS (SELECT 1 FROM outbox_message m WHERE m.id = p.id)
            """;

    /** What {@link #purge} would delete: positions are contiguous, and few messages are parked. */
    private static final String PURGEABLE = """
            SELECT COALESCE(sum(b.last - b.purged_position
                       - (SELECT count(*) FROM outbox_parked k JOIN outbox_message m ON m.id = k.id
                          WHERE k.resolution IS NULL AND m.partition_id = b.partition_id
                            AND m.position > b.purged_position AND m.position <= b.last)), 0)
            FROM (SELECT p.partition_id, p.purged_position,
                         LEAST(p.delivered_position - 1,
                               (SELECT max(d.to_position) FROM outbox_delivery d
                                WHERE d.partition_id = p.partition_id AND d.delivered_at < ?)) AS last
                  FROM outbox_partition p) b
            WHERE b.last > b.purged_position
            """;

    private final OutboxIdentity identity;
    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;

    OutboxPurge(OutboxIdentity identity, JdbcTemplate jdbc, PlatformTransactionManager transactions) {
        this.identity = identity;
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
        this.transaction.setTimeout(Math.toIntExact(OutboxPartitions.LONGEST_CLAIM.toSeconds()));
    }

    /** As {@link #purge(Collection, Duration, int, Duration)}, of all partitions. */
    public long purge(Duration retention, int batch, Duration longest) {
        return purge(IntStream.range(0, identity.partitions()).boxed().toList(), retention, batch, longest);
    }

    /**
     * Deletes messages that were delivered longer than {@code retention} ago, by the database's clock, partition by
     * partition in turn.
     *
     * @param partitions their numbers
     * @param batch positions per transaction
     * @param longest no transaction begins after this; what is left waits for the next call
     * @return messages deleted
     */
    public long purge(Collection<Integer> partitions, Duration retention, int batch, Duration longest) {
        long deadline = System.nanoTime() + longest.toNanos();
        Deque<Integer> left = new ArrayDeque<>(partitions);
        long deleted = 0;
        while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
            int partition = left.remove();
            Step step = purgeBatch(partition, retention, batch);
            deleted += step.deleted();
            if (step.more()) {
                left.add(partition);
            }
        }
        return deleted;
    }

    /** How many messages {@link #purge} would delete now, apart from parked ones that were decided about long ago. */
    long purgeable(Duration retention) {
        OffsetDateTime now = requireNonNull(
                jdbc.queryForObject("SELECT CURRENT_TIMESTAMP", (row, n) -> row.getObject(1, OffsetDateTime.class)));
        return requireNonNull(jdbc.queryForObject(PURGEABLE, Long.class, now.minus(retention)));
    }

    private record Bounds(long purged, long delivered, OffsetDateTime now) {}

    private record Step(long deleted, boolean more) {}

    private Step purgeBatch(int partition, Duration retention, int batch) {
        return requireNonNull(transaction.execute(status -> {
            Bounds bounds = requireNonNull(jdbc.queryForObject(
                    LOCK,
                    (row, n) -> new Bounds(row.getLong(1), row.getLong(2), row.getObject(3, OffsetDateTime.class)),
                    partition));
            OffsetDateTime cutoff = bounds.now().minus(retention);
            long deleted = jdbc.update(DELETE_RESOLVED, partition, bounds.purged(), cutoff);
            jdbc.update(DELETE_MARKS, cutoff);
            @Nullable Long expired = jdbc.queryForObject(EXPIRED, Long.class, partition, cutoff);
            long end = Math.min(expired == null ? 0 : expired, bounds.delivered() - 1);
            long to = Math.min(end, bounds.purged() + batch);
            if (to <= bounds.purged()) {
                return new Step(deleted, false);
            }
            deleted += jdbc.update(DELETE_MESSAGES, partition, bounds.purged(), to);
            jdbc.update(DELETE_DELIVERIES, partition, to);
            jdbc.update(SAVE, to, partition);
            return new Step(deleted, to < end);
        }));
    }
}

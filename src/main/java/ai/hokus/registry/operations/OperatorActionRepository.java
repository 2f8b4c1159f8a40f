package ai.hokus.registry.operations;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements of operators' actions. Those that write need a transaction with the partition's row locked. Thread-safe. */
@Component
record OperatorActionRepository(JdbcClient jdbc) {

    private static final String PARTITIONS = """
            SELECT partition_id AS partition, paused, stopped_at IS NOT NULL AS stopped FROM outbox_partition
            WHERE partition_id = COALESCE(CAST(? AS INTEGER), partition_id) ORDER BY partition_id
            """;

    private static final String LOCK = PARTITIONS + " FOR UPDATE";

    private static final String PENDING = """
            SELECT CAST(COALESCE(sum(pending), 0) AS BIGINT) FROM outbox_status
            WHERE partition_id = COALESCE(CAST(? AS INTEGER), partition_id)
            """;

    private static final String PAUSE =
            "UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT WHERE partition_id = ? AND NOT paused";

    private static final String RESUME = "UPDATE outbox_partition SET paused = FALSE WHERE partition_id = ? AND paused";

    /** Without diverged_at the next foreign checkpoint is healed; healing sets diverged_at again. */
    private static final String RELEASE = """
            UPDATE outbox_partition
            SET stopped_at = NULL, stopped_reason = NULL, stopped_known_position = NULL, diverged_at = NULL
            WHERE partition_id = ? AND stopped_at IS NOT NULL
            """;

    /** Every delivered position after the newest one that Redis and this database both know, except parked messages. */
    private static final String SENT_AGAIN_BY_RELEASE = """
            SELECT GREATEST(0, g.delivered_position - p.stopped_known_position
                - (SELECT count(*) FROM outbox_parked k
                   WHERE k.partition_id = p.partition_id AND k.position > p.stopped_known_position
                     AND k.position <= g.delivered_position))
            FROM outbox_partition p JOIN outbox_progress g ON g.partition_id = p.partition_id
            WHERE p.partition_id = ? AND p.stopped_at IS NOT NULL
            """;

    private static final String UNFENCED = """
            SELECT count(*) FROM outbox_partition
            WHERE partition_id = COALESCE(CAST(? AS INTEGER), partition_id)
              AND NOT ((paused OR stopped_at IS NOT NULL) AND fenced_halt_id = halt_id)
            """;

    private static final String PARTITION_OF = "SELECT DISTINCT partition_id FROM outbox_message WHERE message_id = ?";

    private static final String PARKED = "SELECT id FROM outbox_parked_messages WHERE message_id = ? ORDER BY id";

    private static final String RESOLVED = """
            SELECT k.resolution, k.resolved_at AS at FROM outbox_message m JOIN outbox_parked k ON k.id = m.id
            WHERE m.message_id = ? AND k.resolution IS NOT NULL ORDER BY k.resolved_at DESC LIMIT 1
            """;

    private static final String RESOLVE = """
            UPDATE outbox_parked SET resolution = ?, resolved_at = CURRENT_TIMESTAMP
            WHERE id = ? AND resolution IS NULL
            """;

    private static final String TARGET = "SELECT queue_name, environment FROM outbox";

    private static final String ADOPT =
            "UPDATE outbox SET queue_name = COALESCE(?, queue_name), environment = COALESCE(?, environment)";

    /** What a queue without checkpoints is sent again: everything retained that was delivered, except parked messages. */
    private static final String RETAINED = """
            SELECT CAST(COALESCE(sum(g.delivered_position - g.purged_position
                - (SELECT count(*) FROM outbox_parked k
                   WHERE k.partition_id = g.partition_id AND k.position > g.purged_position
                     AND k.position <= g.delivered_position)), 0) AS BIGINT)
            FROM outbox_progress g WHERE g.delivered_position > g.purged_position
            """;

    /** How many messages wait; null: not known. */
    record Waiting(@Nullable Long pending) {

        long count() {
            return pending == null ? 0 : pending;
        }

        String words() {
            return pending == null ? "How many messages wait is not known." : pending + " messages wait.";
        }
    }

    record PartitionRow(int partition, boolean paused, boolean stopped) {
        String state() {
            return "partition " + partition + " is "
                    + (stopped ? paused ? "stopped and paused" : "stopped" : paused ? "paused" : "running");
        }
    }

    record Resolved(String resolution, Instant at) {}

    /** Where the outbox delivers to; null: not recorded. */
    record Target(@Nullable String queueName, @Nullable String environment) {}

    /** Locks in the order of the partitions' numbers, so that two operators cannot deadlock. */
    List<PartitionRow> lock(@Nullable Integer partition) {
        return jdbc.sql(LOCK).param(partition).query(PartitionRow.class).list();
    }

    List<PartitionRow> partitions() {
        return jdbc.sql(PARTITIONS).param(null).query(PartitionRow.class).list();
    }

    /**
     * As the view {@code outbox_status} has it: estimated above 100,000, and not known where it cannot be read, for example because
     * a table is locked. Not for a transaction, which that would end.
     */
    Waiting waiting(@Nullable Integer partition) {
        try {
            return new Waiting(
                    jdbc.sql(PENDING).param(partition).query(Long.class).single());
        } catch (DataAccessException e) {
            return new Waiting(null);
        }
    }

    void pause(int partition) {
        jdbc.sql(PAUSE).param(partition).update();
    }

    void resume(int partition) {
        jdbc.sql(RESUME).param(partition).update();
    }

    void release(int partition) {
        jdbc.sql(RELEASE).param(partition).update();
    }

    long sentAgainByRelease(int partition) {
        return jdbc.sql(SENT_AGAIN_BY_RELEASE)
                .param(partition)
                .query(Long.class)
                .single();
    }

    /** Whether this partition (null: each) is paused or stopped, and no append can succeed there any more. */
    boolean fenced(@Nullable Integer partition) {
        return jdbc.sql(UNFENCED).param(partition).query(Long.class).single() == 0;
    }

    /** Empty: there is no such message. Copies are in the partition of their message. */
    Optional<Integer> partitionOf(UUID messageId) {
        return jdbc.sql(PARTITION_OF).param(messageId).query(Integer.class).optional();
    }

    /** The ids of the message and its copies that are parked and wait for an operator. */
    List<Long> parked(UUID messageId) {
        return jdbc.sql(PARKED).param(messageId).query(Long.class).list();
    }

    /** What was last decided about the message or a copy of it; empty: nothing was. */
    Optional<Resolved> lastResolved(UUID messageId) {
        return jdbc.sql(RESOLVED).param(messageId).query(Resolved.class).optional();
    }

    void resolve(long id, String resolution) {
        jdbc.sql(RESOLVE).params(resolution, id).update();
    }

    Target target() {
        return jdbc.sql(TARGET).query(Target.class).single();
    }

    void adopt(Target target) {
        jdbc.sql(ADOPT).param(target.queueName()).param(target.environment()).update();
    }

    long retained() {
        return jdbc.sql(RETAINED).query(Long.class).single();
    }
}

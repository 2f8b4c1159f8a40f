package ai.hokus.registry.outbox;

import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.SqlArrayValue;

/**
 * Writes down what happened to one partition: acknowledgements, rewinds, divergences, stops and fences. Every method needs an open
 * transaction that holds the partition's row. Thread-safe.
 */
record PartitionJournal(JdbcTemplate jdbc, int partition, String instance) {

    /** {@code to} below {@code from}: a rewind. */
    SqlUpdate delivery(long deliveryNo, long from, long to) {
        return new SqlUpdate("""
                INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)
                VALUES (?, ?, ?, ?, ?)
                """, partition, deliveryNo, to > from ? from + 1 : from, to, instance);
    }

    void recordRewind(long deliveryNo, ClaimResult.Rewind rewind) {
        jdbc.update("""
                INSERT INTO outbox_rewind (partition_id, delivery_no, from_position, to_position, reason, instance)
                VALUES (?, ?, ?, ?, ?, ?)
                """, partition, deliveryNo, rewind.from(), rewind.to(), rewind.reason(), instance);
    }

    /** @param divergedAt null: this database wrote the checkpoint itself, and lost it by a restore */
    void recordHealed(Checkpoint foreign, List<Long> histories, @Nullable OffsetDateTime divergedAt) {
        jdbc.update("""
                UPDATE outbox_partition SET foreign_checkpoint = ?, histories = ?, diverged_at = COALESCE(?, diverged_at)
                WHERE partition_id = ?
                """, foreign.place(), new SqlArrayValue("bigint", histories.toArray()), divergedAt, partition);
    }

    void stop(String reason, long knownPosition) {
        jdbc.update("""
                UPDATE outbox_partition
                SET stopped_at = CURRENT_TIMESTAMP, stopped_reason = ?, stopped_known_position = ?, halt_id = DEFAULT
                WHERE partition_id = ? AND stopped_at IS NULL
                """, reason, knownPosition, partition);
    }

    void recordStoppedPosition(long position) {
        jdbc.update("""
                UPDATE outbox_partition SET stopped_known_position = ?
                WHERE partition_id = ? AND stopped_at IS NOT NULL AND stopped_known_position IS DISTINCT FROM ?
                """, position, partition, position);
    }

    /** The fence of the current pause or stop was seen in the queue. */
    void recordFence() {
        jdbc.update("""
                UPDATE outbox_partition SET fenced_halt_id = halt_id WHERE partition_id = ? AND fenced_halt_id <> halt_id
                """, partition);
    }

    /** Returns false when another one was recorded at the same time. */
    boolean recordQueue(String name) {
        return jdbc.update("UPDATE outbox SET queue_name = ? WHERE queue_name IS NULL", name) > 0;
    }
}

package ai.hokus.registry.outbox;

import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/**
 * One row of the view {@code outbox_status}.
 *
 * @param oldestPendingAt when the oldest pending message was written, by the database's clock; null: none is pending
 * @param oldestPendingAgeMs how long ago that was when the view was read; 0: none is pending
 * @param parked messages that were skipped and wait for an operator
 * @param lastDeliveredAt null: nothing ever was
 */
public record PartitionStatus(
        int partition,
        PartitionState state,
        long pending,
        @Nullable OffsetDateTime oldestPendingAt,
        long oldestPendingAgeMs,
        long parked,
        long lastPosition,
        long deliveredPosition,
        @Nullable OffsetDateTime lastDeliveredAt) {}

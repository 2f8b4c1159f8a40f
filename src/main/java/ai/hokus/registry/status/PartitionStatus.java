package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/**
 * One row of the view {@code outbox_status}.
 *
 * @param pendingIsEstimate whether {@code pending} was estimated, because there are more than 100,000
 * @param oldestPendingAgeMs how long ago the oldest pending message was written, when the view was read; 0: none is pending
 * @param parked messages that were skipped and wait for an operator
 * @param lastDeliveredAt null: nothing ever was
 * @param reportedRelayState what the relay that works on it, on whichever instance, reported within the last minute; null: none did
 */
record PartitionStatus(
        int partition,
        PartitionState state,
        long pending,
        boolean pendingIsEstimate,
        long oldestPendingAgeMs,
        long parked,
        long lastPosition,
        long deliveredPosition,
        @Nullable OffsetDateTime lastDeliveredAt,
        @Nullable String reportedRelayState) {}

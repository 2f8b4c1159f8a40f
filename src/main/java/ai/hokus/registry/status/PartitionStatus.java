package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One row of the view {@code outbox_status}, without what health does not need; {@code partition} is its {@code partition_id}.
 *
 * @param pending messages that are not known to be in the queue
 * @param pendingIsEstimate whether {@code pending} was estimated, because there are more than 100,000
 * @param oldestPendingAgeMs how long ago the oldest of them was written, when the view was read; 0: none is pending
 * @param parked messages that were skipped and wait for an operator
 * @param lastDeliveredAt null: nothing ever was
 * @param reportedRelayState what a relay of any instance that works on it reported within the last minute; null: none did
 */
public record PartitionStatus(
        int partition,
        PartitionState state,
        long pending,
        boolean pendingIsEstimate,
        long oldestPendingAgeMs,
        long parked,
        long lastPosition,
        long deliveredPosition,
        @Nullable Instant lastDeliveredAt,
        @JsonIgnore @Nullable String reportedRelayState) {

    /** Whether it is neither paused nor stopped. */
    public boolean running() {
        return state == PartitionState.RUNNING;
    }

    /** Whether an operator paused it. */
    public boolean paused() {
        return state == PartitionState.PAUSED;
    }
}

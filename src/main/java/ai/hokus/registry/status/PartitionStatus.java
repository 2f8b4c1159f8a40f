package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import com.fasterxml.jackson.annotation.JsonIgnore;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One row of the view {@code outbox_status}, without what health does not need. {@code pending} is an estimate beyond 100,000;
 * {@code oldestPendingAgeMs} is 0 if none is pending; {@code reportedRelayState} is what a relay of any instance that works on
 * it reported within the last minute.
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

    public boolean running() {
        return state == PartitionState.RUNNING;
    }

    public boolean paused() {
        return state == PartitionState.PAUSED;
    }
}

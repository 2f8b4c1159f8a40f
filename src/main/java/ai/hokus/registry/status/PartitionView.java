package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * One partition: the database's part from the last sample, the relay's part from this instance's relay. Names in JSON are
 * those of the tables.
 *
 * @param pending messages that are not known to be in the queue
 * @param pendingIsEstimate whether {@code pending} is an estimate: it is exact up to 100,000
 * @param oldestPendingAgeMs of the oldest of them; 0: none is pending
 * @param parked messages that were skipped and wait for an operator
 * @param lastDeliveredAt null: nothing ever was
 * @param stalled whether messages wait, nothing is delivered, and nothing that is known of explains it
 * @param relayState what this instance's relay does; null: it has none
 * @param relaySince since when it does that
 * @param lastPassAt when its last pass ended; null: none has
 * @param lastError what last went wrong in it; null: nothing has
 * @param queueDepth elements in the queue when it last looked; null: it has not
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PartitionView(
        int partition,
        PartitionState state,
        long pending,
        boolean pendingIsEstimate,
        long oldestPendingAgeMs,
        long parked,
        long lastPosition,
        long deliveredPosition,
        @Nullable Instant lastDeliveredAt,
        boolean stalled,
        @Nullable RelayState relayState,
        @Nullable Instant relaySince,
        @Nullable Instant lastPassAt,
        @Nullable String lastError,
        @Nullable Instant lastErrorAt,
        @Nullable Long queueDepth) {

    static PartitionView of(PartitionStatus database, boolean stalled, @Nullable RelayStatus relay) {
        OffsetDateTime lastDeliveredAt = database.lastDeliveredAt();
        return new PartitionView(
                database.partition(),
                database.state(),
                database.pending(),
                database.pendingIsEstimate(),
                database.oldestPendingAgeMs(),
                database.parked(),
                database.lastPosition(),
                database.deliveredPosition(),
                lastDeliveredAt == null ? null : lastDeliveredAt.toInstant(),
                stalled,
                relay == null ? null : relay.state(),
                relay == null ? null : relay.since(),
                relay == null ? null : relay.lastPassAt(),
                relay == null ? null : relay.lastError(),
                relay == null ? null : relay.lastErrorAt(),
                relay == null || relay.queueDepth() < 0 ? null : relay.queueDepth());
    }

    /** Whether it delivers, as far as operators have a say. */
    public boolean running() {
        return state == PartitionState.RUNNING;
    }

    public boolean paused() {
        return state == PartitionState.PAUSED;
    }
}

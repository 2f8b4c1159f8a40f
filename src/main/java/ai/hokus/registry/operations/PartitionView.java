package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.PartitionStatus;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * One partition, as the status board has it: the database's part from the last sample, the relay's part from this
 * instance's relay. States are in the words of the tables, and so are the names in JSON.
 *
 * @param state running, paused or stopped
 * @param pending messages that are not in the queue yet
 * @param oldestPendingAgeMs of the oldest of them; 0: none is pending
 * @param parked messages that were skipped and wait for an operator
 * @param lastDeliveredAt null: nothing ever was
 * @param relayState what this instance's relay does; null: it has none
 * @param relaySince since when it does that
 * @param lastPassAt when its last pass ended; null: none has
 * @param lastError what last went wrong in it; null: nothing has
 * @param queueDepth elements in the queue when it last looked; null: it has not
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record PartitionView(
        int partition,
        String state,
        long pending,
        long oldestPendingAgeMs,
        long parked,
        long lastPosition,
        long deliveredPosition,
        @Nullable Instant lastDeliveredAt,
        @Nullable String relayState,
        @Nullable Instant relaySince,
        @Nullable Instant lastPassAt,
        @Nullable String lastError,
        @Nullable Instant lastErrorAt,
        @Nullable Long queueDepth) {

    static PartitionView of(PartitionStatus database, @Nullable RelayStatus relay) {
        OffsetDateTime lastDeliveredAt = database.lastDeliveredAt();
        return new PartitionView(
                database.partition(),
                word(database.state()),
                database.pending(),
                database.oldestPendingAgeMs(),
                database.parked(),
                database.lastPosition(),
                database.deliveredPosition(),
                lastDeliveredAt == null ? null : lastDeliveredAt.toInstant(),
                relay == null ? null : word(relay.state()),
                relay == null ? null : relay.since(),
                relay == null ? null : relay.lastPassAt(),
                relay == null ? null : relay.lastError(),
                relay == null ? null : relay.lastErrorAt(),
                relay == null || relay.queueDepth() < 0 ? null : relay.queueDepth());
    }

    /** An enum's constant as the tables have it. */
    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** Whether it delivers, as far as operators have a say. */
    public boolean running() {
        return state.equals("running");
    }

    boolean relayIs(RelayState state) {
        return word(state).equals(relayState);
    }
}

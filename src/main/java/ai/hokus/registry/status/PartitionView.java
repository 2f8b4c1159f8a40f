package ai.hokus.registry.status;

import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One partition: the database's part from the last sample, the relay's part from this instance's relay.
 *
 * @param stalled whether messages wait, nothing is delivered, and no known reason explains it
 * @param relayState what this instance's relay does; null: it has none
 * @param relaySince since when it does that
 * @param lastPassAt when its last successful pass ended; null: none has
 * @param lastError what last went wrong in it; null: nothing has
 * @param queueDepth elements in the queue when it last looked; null: it has not
 */
public record PartitionView(
        @JsonUnwrapped PartitionStatus outbox,
        boolean stalled,
        @Nullable RelayState relayState,
        @Nullable Instant relaySince,
        @Nullable Instant lastPassAt,
        @Nullable String lastError,
        @Nullable Instant lastErrorAt,
        @Nullable Long queueDepth) {

    static PartitionView of(PartitionStatus outbox, boolean stalled, @Nullable RelayStatus relay) {
        return relay == null
                ? new PartitionView(outbox, stalled, null, null, null, null, null, null)
                : new PartitionView(
                        outbox,
                        stalled,
                        relay.state(),
                        relay.since(),
                        relay.lastPassAt(),
                        relay.lastError(),
                        relay.lastErrorAt(),
                        relay.queueDepth() < 0 ? null : relay.queueDepth());
    }
}

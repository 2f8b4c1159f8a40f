package ai.hokus.registry.status;

import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One partition: the database's part from the last sample, and what this instance's relay knows of it; null: nothing yet, or
 * there is no relay. {@code stalled}: messages wait, nothing is delivered, and no known reason explains it.
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

package ai.hokus.registry.status;

import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/**
 * What a relay wants operators to see in {@code outbox_status}.
 *
 * @param queueDepth null: it has not looked yet
 */
record RelayReport(
        int partition,
        String instance,
        String state,
        String breakerState,
        @Nullable OffsetDateTime lastPassAt,
        @Nullable String lastError,
        @Nullable OffsetDateTime lastErrorAt,
        @Nullable Long queueDepth) {}

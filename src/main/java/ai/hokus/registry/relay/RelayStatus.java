package ai.hokus.registry.relay;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What one partition's relay on this instance last knew. Immutable.
 *
 * @param since when it came into this state
 * @param lastPassAt when its last successful pass ended
 * @param queueDepth elements in the queue when it last looked; -1: it has not
 */
public record RelayStatus(
        int partition,
        RelayState state,
        Instant since,
        @Nullable Instant lastPassAt,
        @Nullable String lastError,
        @Nullable Instant lastErrorAt,
        long queueDepth) {

    RelayStatus withPassAt(Instant now) {
        return new RelayStatus(partition, state, since, now, lastError, lastErrorAt, queueDepth);
    }

    RelayStatus withQueueDepth(long elements) {
        return new RelayStatus(partition, state, since, lastPassAt, lastError, lastErrorAt, elements);
    }
}

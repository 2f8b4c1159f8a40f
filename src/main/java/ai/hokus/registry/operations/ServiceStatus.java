package ai.hokus.registry.operations;

import ai.hokus.registry.relay.RelayState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that health, metrics and the console show. Immutable.
 *
 * @param now when this was put together
 * @param sampledAt when the database last told; null: it has not yet
 * @param stale whether that is so long ago that it says nothing any more
 * @param partitions as the database last told; empty before that
 * @param relayMode relaying, not_configured or disabled
 * @param breaker closed, open or half_open; this instance's
 */
public record ServiceStatus(
        Instant now,
        @Nullable Instant sampledAt,
        boolean stale,
        DatabaseState database,
        RedisState redis,
        List<PartitionView> partitions,
        String relayMode,
        String breaker) {

    public ServiceStatus {
        partitions = List.copyOf(partitions);
    }

    /** Whether registrations can be accepted. */
    public boolean databaseUsable() {
        return database.reachable() && !stale;
    }

    /** How old the database's part is; null: there is none. */
    public @Nullable Duration age() {
        return sampledAt == null ? null : Duration.between(sampledAt, now);
    }

    /** Messages that are not in the queue yet. */
    public long pending() {
        return partitions.stream().mapToLong(PartitionView::pending).sum();
    }

    /** Messages that were skipped and wait for an operator. */
    public long parked() {
        return partitions.stream().mapToLong(PartitionView::parked).sum();
    }

    /** Of the oldest pending message, in milliseconds, when the database last told; 0: none is pending. */
    public long oldestPendingAgeMs() {
        return partitions.stream()
                .mapToLong(PartitionView::oldestPendingAgeMs)
                .max()
                .orElse(0);
    }

    /** Whether the queue is at its capacity. */
    public boolean queueFull() {
        return partitions.stream().anyMatch(p -> p.relayIs(RelayState.QUEUE_FULL));
    }

    /** Whether a relay of this instance cannot do its work for a reason that is not Redis. */
    public boolean relayFailing() {
        return partitions.stream().anyMatch(p -> p.relayIs(RelayState.FAILING));
    }

    /** What last went wrong in a relay of this instance; null: nothing has. */
    public @Nullable String lastError() {
        PartitionView newest = newestError();
        return newest == null ? null : newest.lastError();
    }

    /** When that was; null: nothing has. */
    public @Nullable Instant lastErrorAt() {
        PartitionView newest = newestError();
        return newest == null ? null : newest.lastErrorAt();
    }

    private @Nullable PartitionView newestError() {
        PartitionView newest = null;
        for (PartitionView partition : partitions) {
            Instant at = partition.lastErrorAt();
            Instant before = newest == null ? null : newest.lastErrorAt();
            if (at != null && (before == null || at.isAfter(before))) {
                newest = partition;
            }
        }
        return newest;
    }
}

package ai.hokus.registry.status;

import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.security.AuthServiceStatus;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that health, metrics and the console show. Immutable.
 *
 * @param now when this was put together
 * @param sampledAt when the outbox was last sampled; null: it was not yet
 * @param stale whether that is so long ago that the sample says nothing any more
 * @param partitions as the sample had them; empty before that
 * @param rewindsInLastHour how often Redis had lost messages
 * @param unsettled what keeps {@code settled_id} where it is, in words; null: nothing
 * @param breaker this instance's
 * @param authService how it answers this instance; null: there is none
 */
public record ServiceStatus(
        Instant now,
        @Nullable Instant sampledAt,
        boolean stale,
        DatabaseState database,
        RedisState redis,
        List<PartitionView> partitions,
        int rewindsInLastHour,
        @Nullable String unsettled,
        RelayMode relayMode,
        BreakerState breaker,
        @Nullable AuthServiceStatus authService) {

    public ServiceStatus {
        partitions = List.copyOf(partitions);
    }

    /** Whether registrations can be accepted. */
    public boolean databaseUsable() {
        return database.usable();
    }

    /** What keeps messages waiting, or a registration from being accepted, in words; empty when all is well. */
    public List<String> findings() {
        return Findings.of(this);
    }

    /** Messages that are not in the queue yet. */
    public long pending() {
        return partitions.stream().mapToLong(PartitionView::pending).sum();
    }

    /** Whether that is an estimate. */
    public boolean pendingIsEstimate() {
        return partitions.stream().anyMatch(PartitionView::pendingIsEstimate);
    }

    /** Messages that were skipped and wait for an operator. */
    public long parked() {
        return partitions.stream().mapToLong(PartitionView::parked).sum();
    }

    /** Of the oldest pending message, in milliseconds, when the outbox was last sampled; 0: none is pending. */
    public long oldestPendingAgeMs() {
        return partitions.stream()
                .mapToLong(PartitionView::oldestPendingAgeMs)
                .max()
                .orElse(0);
    }

    /** Whether the queue is at its capacity. */
    public boolean queueFull() {
        return partitions.stream().anyMatch(p -> p.relayState() == RelayState.QUEUE_FULL);
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

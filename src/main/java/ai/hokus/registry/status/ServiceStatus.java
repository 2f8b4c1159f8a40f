package ai.hokus.registry.status;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.security.AuthServiceStatus;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that health, metrics and the console show. Immutable. {@code sampledAt} null: the outbox was not sampled yet;
 * {@code overdue}: the next sample, or the first, should have been there by now. {@code relays}: this instance's, one per
 * partition; empty when it relays nothing. {@code partitions}: from the sample; empty before the first. {@code
 * rewindsInLastHour}: of the partition that has the most. {@code unsettled}: what keeps {@code settled_id} where it is, in
 * words. {@code authService} null: there is none.
 */
public record ServiceStatus(
        Instant now,
        Instant startedAt,
        @Nullable Instant sampledAt,
        boolean overdue,
        DatabaseState database,
        RedisState redis,
        List<RelayStatus> relays,
        List<PartitionView> partitions,
        int rewindsInLastHour,
        @Nullable String unsettled,
        RelayMode relayMode,
        BreakerState breaker,
        @Nullable AuthServiceStatus authService) {

    /** Whether the sample is too old to say anything, or there is none. */
    public boolean stale() {
        return overdue || sampledAt == null;
    }

    public Instant sampledOrStartedAt() {
        return Objects.requireNonNullElse(sampledAt, startedAt);
    }

    public boolean databaseUsable() {
        return database.usable();
    }

    /** What keeps messages waiting, or a registration from being accepted, in words; empty when all is well. */
    public List<String> findings() {
        return Findings.of(this);
    }

    public long pending() {
        return partitions.stream().mapToLong(view -> view.outbox().pending()).sum();
    }

    public boolean pendingIsEstimate() {
        return partitions.stream().anyMatch(view -> view.outbox().pendingIsEstimate());
    }

    public long parked() {
        return partitions.stream().mapToLong(view -> view.outbox().parked()).sum();
    }

    /** Of the oldest pending message, in milliseconds, when the outbox was last sampled; 0: none is pending. */
    public long oldestPendingAgeMs() {
        return partitions.stream()
                .mapToLong(view -> view.outbox().oldestPendingAgeMs())
                .max()
                .orElse(0);
    }

    public boolean queueFull() {
        return relays.stream().anyMatch(relay -> relay.state() == RelayState.QUEUE_FULL);
    }

    /** What last went wrong in a relay of this instance; null: nothing has. */
    public @Nullable String lastError() {
        return newestError().map(RelayStatus::lastError).orElse(null);
    }

    public @Nullable Instant lastErrorAt() {
        return newestError().map(RelayStatus::lastErrorAt).orElse(null);
    }

    private Optional<RelayStatus> newestError() {
        return relays.stream()
                .filter(relay -> relay.lastErrorAt() != null)
                .max(Comparator.comparing(relay -> requireNonNull(relay.lastErrorAt())));
    }
}

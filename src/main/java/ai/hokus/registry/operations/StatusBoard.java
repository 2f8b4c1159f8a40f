package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.PartitionStatus;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known, without asking anybody: the sampler's last sample of the database, and what this instance's relays know
 * anyway. Reading it does no I/O and takes no lock. Thread-safe.
 */
public class StatusBoard {

    private final Relay relay;
    private final Duration staleAfter;
    private final Clock clock;
    private final Clock steady;
    private volatile Sample sample;

    /** @param staleAt by the steady clock; null as long as nothing was sampled */
    private record Sample(
            @Nullable Instant at,
            @Nullable Instant staleAt,
            DatabaseState database,
            List<PartitionStatus> partitions) {}

    StatusBoard(Relay relay, Duration staleAfter, Clock clock, Clock steady) {
        this.relay = relay;
        this.staleAfter = staleAfter;
        this.clock = clock;
        this.steady = steady;
        this.sample = new Sample(null, null, new DatabaseState(true, clock.instant(), null), List.of());
    }

    /** As it is known now. */
    public ServiceStatus current() {
        Sample last = sample;
        Instant now = clock.instant();
        List<RelayStatus> relays = relay.statuses();
        List<PartitionView> partitions = last.partitions().stream()
                .map(partition -> PartitionView.of(partition, relayOf(partition.partition(), relays)))
                .toList();
        return new ServiceStatus(
                now,
                last.at(),
                last.staleAt() == null || last.staleAt().isBefore(steady.instant()),
                last.database(),
                redis(relays),
                partitions,
                PartitionView.word(relay.mode()),
                PartitionView.word(relay.breaker()));
    }

    /** Whether events wait because of Redis, as far as this instance knows. */
    boolean redisIsAway() {
        RedisState redis = redis(relay.statuses());
        return redis == RedisState.UNREACHABLE || redis == RedisState.NOT_CONFIGURED;
    }

    private static @Nullable RelayStatus relayOf(int partition, List<RelayStatus> relays) {
        return partition < relays.size() ? relays.get(partition) : null;
    }

    private RedisState redis(List<RelayStatus> relays) {
        if (relay.mode() == RelayMode.NOT_CONFIGURED) {
            return RedisState.NOT_CONFIGURED;
        }
        boolean unreachable = relay.breaker() != BreakerState.CLOSED
                || relays.stream().anyMatch(r -> r.state() == RelayState.WAITING);
        if (unreachable) {
            return RedisState.UNREACHABLE;
        }
        return relays.stream().allMatch(r -> r.state() == RelayState.STARTING)
                ? RedisState.UNKNOWN
                : RedisState.REACHABLE;
    }

    /** The database answered. Called by the sampler alone. */
    void sampled(List<PartitionStatus> partitions) {
        Sample before = sample;
        DatabaseState database = before.database().reachable()
                ? before.database()
                : new DatabaseState(true, clock.instant(), before.database().lastError());
        sample = new Sample(clock.instant(), steady.instant().plus(staleAfter), database, List.copyOf(partitions));
    }

    /** The database did not answer twice in a row. Called by the sampler alone. */
    void unreachable(String error) {
        Sample before = sample;
        Instant since = before.database().reachable()
                ? clock.instant()
                : before.database().since();
        sample = new Sample(before.at(), before.staleAt(), new DatabaseState(false, since, error), before.partitions());
    }
}

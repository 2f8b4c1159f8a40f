package ai.hokus.registry.status;

import ai.hokus.registry.outbox.OutboxSettings;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.security.AuthServiceWatch;
import ai.hokus.registry.status.DatabaseState.Condition;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * The last known status: the last probe of the database, the last sample of the outbox, and the state of this instance's
 * relays. Reading it does no I/O and takes no lock. Thread-safe: the probe and the sampler each write their own part, any
 * thread reads.
 */
@Component
public class StatusCache {

    private final Relay relay;
    private final AuthServiceWatch authService;
    private final Clock clock;
    private final Clock steady;
    private final int partitions;
    private final Instant startedAt;
    private volatile Probed probed;
    private volatile Sampled sampled = new Sampled(null, null, List.of(), Set.of(), 0, null);

    /** @param overdueAt when the next probe is overdue, by the steady clock; null: this result stays until the next probe */
    private record Probed(DatabaseState database, @Nullable Instant overdueAt) {}

    /** @param overdueAt when the next sample is, by the steady clock; null: the sampler has not started */
    private record Sampled(
            @Nullable Instant at,
            @Nullable Instant overdueAt,
            List<PartitionStatus> partitions,
            Set<Integer> stalled,
            int rewindsInLastHour,
            @Nullable String unsettled) {}

    StatusCache(
            Relay relay,
            AuthServiceWatch authService,
            Clock clock,
            @Qualifier("steadyClock") Clock steady,
            OutboxSettings settings) {
        this.relay = relay;
        this.authService = authService;
        this.clock = clock;
        this.steady = steady;
        this.partitions = settings.partitions();
        this.startedAt = clock.instant();
        this.probed = new Probed(new DatabaseState(Condition.UNKNOWN, startedAt, null), null);
    }

    public int partitions() {
        return partitions;
    }

    public ServiceStatus current() {
        Sampled sample = sampled;
        List<RelayStatus> relays = relay.statuses();
        List<PartitionView> partitions = sample.partitions().stream()
                .map(partition -> PartitionView.of(
                        partition,
                        sample.stalled().contains(partition.partition()),
                        partition.partition() < relays.size() ? relays.get(partition.partition()) : null))
                .toList();
        return new ServiceStatus(
                clock.instant(),
                startedAt,
                sample.at(),
                sample.overdueAt() != null && sample.overdueAt().isBefore(steady.instant()),
                database(),
                redis(relays),
                relays,
                partitions,
                sample.rewindsInLastHour(),
                sample.unsettled(),
                relay.mode(),
                relay.breaker(),
                authService.status().orElse(null));
    }

    /** A probe that is overdue counts like one that failed. */
    private DatabaseState database() {
        Probed last = probed;
        Instant now = steady.instant();
        Instant overdueAt = last.overdueAt();
        if (overdueAt == null || !overdueAt.isBefore(now)) {
            return last.database();
        }
        Duration overdue = Duration.between(overdueAt, now);
        return new DatabaseState(
                Condition.UNREACHABLE, clock.instant().minus(overdue), "no answer to the probe that is under way");
    }

    /** Whether events wait because of Redis, as far as this instance knows. */
    boolean redisIsAway() {
        RedisState redis = redis(relay.statuses());
        return redis == RedisState.UNREACHABLE || redis == RedisState.NOT_CONFIGURED;
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

    /**
     * Called by the probe alone. {@code error} null: it did not fail; {@code overdueAfter} null: the condition stays until the
     * next probe.
     */
    DatabaseState probed(Condition condition, @Nullable String error, @Nullable Duration overdueAfter) {
        DatabaseState before = probed.database();
        DatabaseState now = new DatabaseState(
                condition,
                condition == before.condition() ? before.since() : clock.instant(),
                error == null ? before.lastError() : error);
        probed = new Probed(now, overdueAfter == null ? null : steady.instant().plus(overdueAfter));
        return now;
    }

    /** Called by the sampler alone, when it starts. */
    void expectSample(Duration overdueAfter) {
        sampled = new Sampled(null, steady.instant().plus(overdueAfter), List.of(), Set.of(), 0, null);
    }

    /** Called by the sampler alone. {@code overdueAfter}: when the next sample is overdue. */
    void sampled(
            List<PartitionStatus> partitions,
            Set<Integer> stalled,
            int rewindsInLastHour,
            @Nullable String unsettled,
            Duration overdueAfter) {
        sampled = new Sampled(
                clock.instant(),
                steady.instant().plus(overdueAfter),
                partitions,
                stalled,
                rewindsInLastHour,
                unsettled);
    }
}

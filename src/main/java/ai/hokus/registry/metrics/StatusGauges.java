package ai.hokus.registry.metrics;

import ai.hokus.registry.relay.QueueCapacity;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.status.DatabaseState.Condition;
import ai.hokus.registry.status.PartitionView;
import ai.hokus.registry.status.RedisState;
import ai.hokus.registry.status.ServiceStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The gauges over the status cache. Each reads it anew; that does no I/O.
 *
 * <p>What is not known has no value (NaN, which CloudWatch does not get): before the first sample, when the last one is too
 * old to say anything, and about Redis when it does not answer. A graph with a gap is better than one that is wrong.
 */
record StatusGauges(Supplier<ServiceStatus> cache, QueueCapacity capacity, int partitions) implements MeterBinder {

    private static final double UNKNOWN = Double.NaN;
    private static final double MILLIS_PER_SECOND = 1000;

    @Override
    public void bindTo(MeterRegistry registry) {
        for (int partition = 0; partition < partitions; partition++) {
            bindPartition(registry, partition);
        }
        ServiceMeter.QUEUE_CAPACITY.gauge(registry, capacity::elements);
        bind(registry, ServiceMeter.QUEUE_DEPTH, StatusGauges::queueDepth);
        bind(registry, ServiceMeter.BREAKER_STATE, StatusGauges::breaker);
        bind(registry, ServiceMeter.REDIS_REACHABLE, StatusGauges::redis);
        bind(
                registry,
                ServiceMeter.DATABASE_REACHABLE,
                status -> known(status, status.database().reachable()));
        bind(
                registry,
                ServiceMeter.SAMPLE_AGE,
                status -> status.database().reachable() ? secondsSince(status.sampledOrStartedAt(), status) : UNKNOWN);
        bind(registry, ServiceMeter.DATABASE_WRITABLE, status -> known(status, status.databaseUsable()));
    }

    private void bind(MeterRegistry registry, ServiceMeter meter, ToDoubleFunction<ServiceStatus> value) {
        meter.gauge(registry, () -> value.applyAsDouble(cache.get()));
    }

    private void bindPartition(MeterRegistry registry, int partition) {
        sampled(registry, ServiceMeter.PENDING, partition, view -> view.outbox().pending());
        sampled(
                registry,
                ServiceMeter.OLDEST_PENDING_AGE,
                partition,
                view -> view.outbox().oldestPendingAgeMs() / MILLIS_PER_SECOND);
        sampled(registry, ServiceMeter.STALLED, partition, view -> view.stalled() ? 1 : 0);
        sampled(registry, ServiceMeter.PARKED, partition, view -> view.outbox().parked());
        sampled(registry, ServiceMeter.PARTITION_STATE, partition, StatusGauges::state);
        ServiceMeter.LAST_PASS_AGE.gauge(registry, () -> lastPassAge(cache.get(), partition), tag(partition));
    }

    /** A gauge over the database's part: unknown while that is too old to say anything. */
    private void sampled(
            MeterRegistry registry, ServiceMeter meter, int partition, ToDoubleFunction<PartitionView> value) {
        meter.gauge(
                registry,
                () -> {
                    ServiceStatus status = cache.get();
                    return status.stale()
                                    || !status.database().reachable()
                                    || partition >= status.partitions().size()
                            ? UNKNOWN
                            : value.applyAsDouble(status.partitions().get(partition));
                },
                tag(partition));
    }

    private static Tag tag(int partition) {
        return Tag.of(ServiceMeter.Spec.PARTITION, Integer.toString(partition));
    }

    private static double state(PartitionView view) {
        return view.outbox().running() ? 0 : view.outbox().paused() ? 1 : 2;
    }

    /** Unknown while Redis or the database fails, which has alarms of its own: this is about a relay that hangs, or fails without them. */
    private static double lastPassAge(ServiceStatus status, int partition) {
        if (status.redis() == RedisState.UNREACHABLE
                || !status.database().reachable()
                || partition >= status.relays().size()) {
            return UNKNOWN;
        }
        Instant last = status.relays().get(partition).lastPassAt();
        return secondsSince(Objects.requireNonNullElse(last, status.startedAt()), status);
    }

    private static double secondsSince(Instant then, ServiceStatus status) {
        return Duration.between(then, status.now()).toMillis() / MILLIS_PER_SECOND;
    }

    /** All partitions look at the same queue, at times that nobody records, so the largest value counts. */
    private static double queueDepth(ServiceStatus status) {
        return status.redis() != RedisState.REACHABLE
                ? UNKNOWN
                : status.relays().stream()
                        .filter(relay -> relay.queueDepth() >= 0)
                        .mapToDouble(RelayStatus::queueDepth)
                        .max()
                        .orElse(UNKNOWN);
    }

    private static double breaker(ServiceStatus status) {
        return switch (status.breaker()) {
            case CLOSED -> 0;
            case HALF_OPEN -> 1;
            case OPEN -> 2;
        };
    }

    private static double redis(ServiceStatus status) {
        return switch (status.redis()) {
            case REACHABLE -> 1;
            case UNREACHABLE -> 0;
            case UNKNOWN, NOT_CONFIGURED -> UNKNOWN;
        };
    }

    private static double known(ServiceStatus status, boolean value) {
        return status.database().condition() == Condition.UNKNOWN ? UNKNOWN : value ? 1 : 0;
    }
}

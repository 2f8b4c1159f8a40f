package ai.hokus.registry.metrics;

import ai.hokus.registry.consumers.ConsumerStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The gauges over what was seen of consumers. Each reads the cache anew; that does no I/O. What is not known has no value. */
final class ConsumerGauges implements MeterBinder {

    private final Supplier<ConsumerStatus> cache;

    /** @param cache does no I/O */
    ConsumerGauges(Supplier<ConsumerStatus> cache) {
        this.cache = cache;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        bind(
                registry,
                ServiceMeter.PROCESSING_DEPTH,
                status -> status.processing().depth());
        bind(
                registry,
                ServiceMeter.PROCESSING_OLDEST_AGE,
                status -> status.processing().depth() == null || status.unavailableReason() != null
                        ? null
                        : seconds(status.processing().oldestAge()));
        bind(registry, ServiceMeter.DLQ_DEPTH, status -> status.dlq().depth());
        bind(registry, ServiceMeter.TAKEN_P50, status -> seconds(status.takenP50()));
        bind(registry, ServiceMeter.TAKEN_P99, status -> seconds(status.takenP99()));
    }

    /** A gauge without a number is NaN. */
    private void bind(MeterRegistry registry, ServiceMeter meter, Function<ConsumerStatus, @Nullable Number> value) {
        meter.gauge(registry, () -> value.apply(cache.get()));
    }

    private static @Nullable Number seconds(@Nullable Duration duration) {
        return duration == null ? null : duration.toNanos() / 1e9;
    }
}

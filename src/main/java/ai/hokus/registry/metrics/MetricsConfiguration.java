package ai.hokus.registry.metrics;

import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.consumers.ConsumerStatus;
import ai.hokus.registry.relay.QueueCapacity;
import ai.hokus.registry.status.StatusCache;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The gauges. The registry that {@code /actuator/prometheus} shows is Spring Boot's. */
@Configuration(proxyBeanMethods = false)
class MetricsConfiguration {

    @Bean
    StatusGauges statusGauges(StatusCache cache, QueueCapacity capacity) {
        return new StatusGauges(cache::current, capacity, cache.partitions());
    }

    /** Each reads the cache anew; that does no I/O. What is not known has no value: a gauge without a number is NaN. */
    @Bean
    MeterBinder consumerGauges(ConsumerCache cache) {
        Map<ServiceMeter, Function<ConsumerStatus, @Nullable Number>> gauges = Map.of(
                ServiceMeter.PROCESSING_DEPTH,
                status -> status.processing().depth(),
                ServiceMeter.PROCESSING_OLDEST_AGE,
                status -> status.processing().depth() == null || status.unavailableReason() != null
                        ? null
                        : seconds(status.processing().oldestAge()),
                ServiceMeter.DLQ_DEPTH,
                status -> status.dlq().depth(),
                ServiceMeter.TAKEN_P50,
                status -> seconds(status.takenP50()),
                ServiceMeter.TAKEN_P99,
                status -> seconds(status.takenP99()));
        return registry -> gauges.forEach((meter, value) -> meter.gauge(registry, () -> value.apply(cache.current())));
    }

    private static @Nullable Number seconds(@Nullable Duration duration) {
        return duration == null ? null : duration.toNanos() / 1e9;
    }
}

package ai.hokus.registry.metrics;

import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.relay.QueueCapacity;
import ai.hokus.registry.status.StatusCache;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the meters together; Spring Boot has the registry that {@code /actuator/prometheus} shows. */
@Configuration(proxyBeanMethods = false)
class MetricsConfiguration {

    @Bean
    RelayMeters relayMeters(MeterRegistry registry, Clock clock) {
        return new RelayMeters(registry, clock);
    }

    @Bean
    StatusGauges statusGauges(StatusCache cache, QueueCapacity capacity) {
        return new StatusGauges(cache::current, capacity, cache.partitions());
    }

    @Bean
    ConsumerGauges consumerGauges(ConsumerCache cache) {
        return new ConsumerGauges(cache::current);
    }
}

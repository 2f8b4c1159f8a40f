package ai.hokus.registry.metrics;

import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.relay.QueueCapacity;
import ai.hokus.registry.status.StatusCache;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the meters together; Spring Boot has the registry that {@code /actuator/prometheus} shows. */
@Configuration(proxyBeanMethods = false)
class MetricsConfiguration {

    @Bean
    RelayMeters relayMeters(MeterRegistry registry, Clock clock) {
        return new RelayMeters(registry, clock);
    }

    /** @param partitions another number than the database's would have stopped the start */
    @Bean
    StatusGauges statusGauges(
            StatusCache cache, QueueCapacity capacity, @Value("${registry.outbox.partitions:1}") int partitions) {
        return new StatusGauges(cache::current, capacity, partitions);
    }

    @Bean
    ConsumerGauges consumerGauges(ConsumerCache cache) {
        return new ConsumerGauges(cache::current);
    }
}

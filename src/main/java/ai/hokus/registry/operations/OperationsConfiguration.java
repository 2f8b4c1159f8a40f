package ai.hokus.registry.operations;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.OutboxStatus;
import ai.hokus.registry.relay.Relay;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the status board together. */
@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {

    @Bean
    StatusBoard statusBoard(Relay relay, StatusSettings settings, Clock clock, @Qualifier("steadyClock") Clock steady) {
        return new StatusBoard(relay, settings.staleAfter(), clock, steady);
    }

    @Bean
    StatusSampler statusSampler(
            OutboxStatus outbox,
            Relay relay,
            StatusBoard board,
            StatusSettings settings,
            InstanceName instance,
            Clock clock,
            @Qualifier("steadyClock") Clock steady) {
        return new StatusSampler(outbox, relay, board, settings, instance.value(), clock, steady);
    }
}

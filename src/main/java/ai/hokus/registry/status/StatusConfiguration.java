package ai.hokus.registry.status;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.OutboxStatus;
import ai.hokus.registry.outbox.WritingTransactions;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.security.AuthServiceWatch;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the module together. */
@Configuration(proxyBeanMethods = false)
class StatusConfiguration {

    @Bean
    StatusCache statusCache(
            Relay relay, AuthServiceWatch authService, Clock clock, @Qualifier("steadyClock") Clock steady) {
        return new StatusCache(relay, authService, clock, steady);
    }

    @Bean
    StatusSampler statusSampler(
            OutboxStatus outbox,
            WritingTransactions transactions,
            Relay relay,
            RegistrationOutcomes registrations,
            StatusCache cache,
            StatusSettings settings,
            InstanceName instance,
            Clock clock,
            @Qualifier("steadyClock") Clock steady) {
        return new StatusSampler(
                outbox,
                cache,
                new DatabaseProbe(outbox, registrations, cache, settings, instance.value()),
                new StallWatch(relay, settings.stalledAfter(), steady),
                new SettlingWatch(transactions, steady),
                new RelayReporter(outbox, relay, settings.reportInterval(), instance.value(), clock, steady),
                settings);
    }
}

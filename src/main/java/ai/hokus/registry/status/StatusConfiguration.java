package ai.hokus.registry.status;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.SqlDialect;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.security.AuthServiceWatch;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.support.TransactionTemplate;

/** Puts the module together. */
@Configuration(proxyBeanMethods = false)
class StatusConfiguration {

    @Bean
    StatusCache statusCache(
            Relay relay, AuthServiceWatch authService, Clock clock, @Qualifier("steadyClock") Clock steady) {
        return new StatusCache(relay, authService, clock, steady);
    }

    @Bean
    @DependsOnDatabaseInitialization
    StatusRepository statusRepository(JdbcTemplate jdbc, TransactionTemplate transaction) {
        return new StatusRepository(jdbc, transaction);
    }

    @Bean
    WritingTransactions writingTransactions(JdbcTemplate jdbc, SqlDialect dialect) {
        return new WritingTransactions(jdbc, dialect);
    }

    @Bean
    StatusSampler statusSampler(
            StatusRepository outbox,
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

package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@Configuration(proxyBeanMethods = false)
class OutboxConfiguration {

    private static final Logger log = LoggerFactory.getLogger(OutboxConfiguration.class);

    /** A round reads the ids of all that is retained: 2,000,000 take about ten seconds. */
    private static final Duration SCRUB_INTERVAL = Duration.ofHours(1);

    @Bean
    @DependsOnDatabaseInitialization
    SqlDialect sqlDialect(DataSource dataSource) {
        return SqlDialect.of(dataSource);
    }

    /** @throws IllegalStateException when the outbox has no identity, or another number of partitions than configured */
    @Bean
    @DependsOnDatabaseInitialization
    OutboxPartitions outboxPartitions(OutboxDatabase database, OutboxSettings settings) {
        String environment = settings.environment();
        List<OutboxPartitions> rows = database.jdbc()
                .query(
                        "SELECT id, partitions FROM outbox",
                        (row, n) -> new OutboxPartitions(
                                row.getObject(1, UUID.class), row.getInt(2), environment, database));
        if (rows.size() != 1) {
            throw new IllegalStateException("The table outbox has " + rows.size()
                    + " rows instead of the one that the migration made. It is this database's identity towards Redis:"
                    + " restore it from a backup. A new identity would send everything that is retained again.");
        }
        OutboxPartitions partitions = rows.get(0);
        if (partitions.count() != settings.partitions()) {
            throw new IllegalStateException("registry.outbox.partitions is " + settings.partitions()
                    + ", but this outbox has " + partitions.count() + ". Set registry.outbox.partitions="
                    + partitions.count() + ". To change the number, stop all instances with nothing pending and"
                    + " change the tables outbox and outbox_partition first.");
        }
        recordEnvironment(database, environment);
        return partitions;
    }

    private static void recordEnvironment(OutboxDatabase database, @Nullable String environment) {
        JdbcTemplate jdbc = database.jdbc();
        if (environment != null) {
            jdbc.update("UPDATE outbox SET environment = ? WHERE environment IS NULL", environment);
        } else if (database.dialect() == SqlDialect.POSTGRESQL
                && jdbc.queryForObject("SELECT environment FROM outbox", String.class) == null) {
            log.warn(
                    "registry.outbox.environment is not set. If this database is copied, the copy delivers its messages to"
                            + " the same queue a second time. Set it (for example to production) where the messages are real.");
        }
    }

    @Bean
    Outbox outbox(OutboxDatabase database, OutboxPartitions partitions, ObjectProvider<CommitListener> listeners) {
        return new Outbox(database, partitions, listeners.orderedStream().toList());
    }

    /** For all modules that work on the outbox's tables. */
    @Bean
    TransactionTemplate boundedTransaction(PlatformTransactionManager transactions) {
        TransactionTemplate transaction = new TransactionTemplate(transactions);
        transaction.setTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
        return transaction;
    }

    @Bean
    OutboxDatabase outboxDatabase(
            JdbcTemplate jdbc, SqlDialect dialect, TransactionTemplate transaction, OutboxSettings settings) {
        if (dialect == SqlDialect.H2) {
            H2ShutdownHook.remove();
        }
        DiskSync diskSync = new DiskSync(jdbc, dialect);
        return new OutboxDatabase(jdbc, dialect, transaction, diskSync, settings.divergenceHealInterval());
    }

    @Bean
    OutboxScrub outboxScrub(OutboxDatabase database) {
        return new OutboxScrub(database, SCRUB_INTERVAL);
    }
}

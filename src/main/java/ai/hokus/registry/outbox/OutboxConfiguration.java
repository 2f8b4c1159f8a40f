package ai.hokus.registry.outbox;

import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;

/** Puts the room together, once the migrations have run. */
@Configuration(proxyBeanMethods = false)
class OutboxConfiguration {

    @Bean
    @DependsOnDatabaseInitialization
    DatabaseKind databaseKind(DataSource dataSource) {
        return DatabaseKind.of(dataSource);
    }

    @Bean
    CommitSync commitSync(JdbcTemplate jdbc, DatabaseKind kind) {
        if (kind == DatabaseKind.H2) {
            H2ShutdownHook.remove();
        }
        return new CommitSync(jdbc, kind == DatabaseKind.H2);
    }

    /**
     * @throws IllegalStateException when the outbox has no identity, or another number of partitions than configured
     */
    @Bean
    @DependsOnDatabaseInitialization
    OutboxIdentity outboxIdentity(JdbcTemplate jdbc, OutboxSettings settings) {
        List<OutboxIdentity> rows = jdbc.query(
                "SELECT id, partitions FROM outbox",
                (row, n) -> new OutboxIdentity(row.getObject(1, UUID.class), row.getInt(2)));
        if (rows.size() != 1) {
            throw new IllegalStateException("The table outbox has " + rows.size()
                    + " rows instead of the one that the migration made. It is this database's identity towards Redis:"
                    + " restore it from a backup. A new identity would send everything that is retained again.");
        }
        OutboxIdentity identity = rows.get(0);
        if (identity.partitions() != settings.partitions()) {
            throw new IllegalStateException("registry.outbox.partitions is " + settings.partitions()
                    + ", but this outbox has " + identity.partitions() + ". Set registry.outbox.partitions="
                    + identity.partitions() + ". To change the number, stop all instances with nothing pending and"
                    + " change the tables outbox and outbox_partition first.");
        }
        return identity;
    }

    @Bean
    Outbox outbox(
            JdbcTemplate jdbc,
            OutboxIdentity identity,
            CommitSync commitSync,
            ObjectProvider<CommitListener> listeners) {
        return new Outbox(jdbc, identity, commitSync, listeners.orderedStream().toList());
    }

    @Bean
    OutboxPartitions outboxPartitions(
            OutboxIdentity identity,
            JdbcTemplate jdbc,
            DatabaseKind kind,
            PlatformTransactionManager transactions,
            CommitSync commitSync,
            OutboxSettings settings) {
        return new OutboxPartitions(identity, jdbc, kind, transactions, commitSync, settings.healDivergenceEvery());
    }

    @Bean
    OutboxStatus outboxStatus(JdbcTemplate jdbc) {
        return new OutboxStatus(jdbc, OutboxPartitions.LONGEST_CLAIM);
    }

    @Bean
    OutboxPurge outboxPurge(OutboxIdentity identity, JdbcTemplate jdbc, PlatformTransactionManager transactions) {
        return new OutboxPurge(identity, jdbc, transactions);
    }

    @Bean
    @DependsOnDatabaseInitialization
    OutboxView outboxView(JdbcTemplate jdbc) {
        return new OutboxView(jdbc);
    }

    @Bean
    @DependsOnDatabaseInitialization
    OutboxSteering outboxSteering(
            JdbcTemplate jdbc, OutboxPurge purge, PlatformTransactionManager transactions, CommitSync commitSync) {
        return new OutboxSteering(new SteeringStatements(jdbc), purge, transactions, commitSync);
    }
}

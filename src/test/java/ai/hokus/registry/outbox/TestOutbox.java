package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** An outbox on a migrated database, put together without Spring, for the tests of all rooms. */
public record TestOutbox(
        JdbcTemplate jdbc,
        TransactionTemplate transaction,
        Outbox outbox,
        OutboxPartitions partitions,
        OutboxPurge purge,
        OutboxSteering steering) {

    public static TestOutbox on(DataSource dataSource, Duration healDivergenceEvery, CommitListener... listeners) {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        JdbcTransactionManager transactions = new JdbcTransactionManager(dataSource);
        OutboxIdentity identity = jdbc.queryForObject(
                "SELECT id, partitions FROM outbox",
                (row, n) -> new OutboxIdentity(row.getObject(1, UUID.class), row.getInt(2)));
        DatabaseKind kind = DatabaseKind.of(dataSource);
        CommitSync commitSync = new CommitSync(jdbc, kind == DatabaseKind.H2);
        OutboxPurge purge = new OutboxPurge(identity, jdbc, transactions);
        return new TestOutbox(
                jdbc,
                new TransactionTemplate(transactions),
                new Outbox(jdbc, identity, commitSync, List.of(listeners)),
                new OutboxPartitions(identity, jdbc, kind, transactions, commitSync, healDivergenceEvery),
                purge,
                new OutboxSteering(new SteeringStatements(jdbc), purge, transactions, commitSync));
    }

    /** Appends a message in a transaction of its own. */
    public UUID append(String key) {
        UUID id = UUID.randomUUID();
        transaction.executeWithoutResult(
                status -> outbox.append(new NewMessage(id, key, "test", "{\"key\":\"" + key + "\"}")));
        return id;
    }
}

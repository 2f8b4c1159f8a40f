package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** An outbox on a migrated database, put together without Spring, for the tests of all modules. */
public record TestOutbox(
        JdbcTemplate jdbc,
        TransactionTemplate transaction,
        Outbox outbox,
        OutboxPartitions partitions,
        OutboxPurge purge,
        OutboxScrub scrub,
        OutboxDatabase database) {

    public static final String QUEUE = "test-queue";

    public static TestOutbox on(DataSource dataSource, Duration divergenceHealInterval, CommitListener... listeners) {
        JdbcTemplate jdbc = new JdbcTemplate(dataSource);
        JdbcTransactionManager transactions = new JdbcTransactionManager(dataSource);
        SqlDialect dialect = SqlDialect.of(dataSource);
        DiskSync diskSync = new DiskSync(jdbc, dialect);
        TransactionTemplate transaction = new TransactionTemplate(transactions);
        OutboxDatabase database = new OutboxDatabase(jdbc, dialect, transaction, diskSync, divergenceHealInterval);
        OutboxPartitions partitions = jdbc.queryForObject(
                "SELECT id, partitions FROM outbox",
                (row, n) -> new OutboxPartitions(row.getObject(1, UUID.class), row.getInt(2), null, database));
        return new TestOutbox(
                jdbc,
                transaction,
                new Outbox(database, partitions, List.of(listeners)),
                partitions,
                new OutboxPurge(database),
                new OutboxScrub(database, Duration.ZERO),
                database);
    }

    /** One partition, as the relay of this instance sees it. */
    public OutboxPartition partition(int number, String instance) {
        return partitions.forRelay(instance, QUEUE).get(number);
    }

    /** Appends a message in a transaction of its own. */
    public UUID append(String key) {
        UUID id = UUID.randomUUID();
        append(id, key);
        return id;
    }

    public void append(UUID id, String key) {
        transaction.executeWithoutResult(
                status -> outbox.add(List.of(new NewMessage(id, key, "test", "{\"key\":\"" + key + "\"}"))));
    }

    /** Appends a message as a registration does, with a row of the table {@code registration}. */
    public UUID appendRegistered(String model, String version) {
        UUID id = UUID.randomUUID();
        transaction.executeWithoutResult(status -> {
            if (jdbc.queryForList("SELECT 1 FROM model WHERE name = ?", model).isEmpty()) {
                jdbc.update("INSERT INTO model (name) VALUES (?)", model);
            }
            jdbc.update("""
                    INSERT INTO registration (model_name, version, token_id, proposal_identifier, metric_name, baseline_value,
                                              current_value, mlflow_run_id, tags, user_id, fingerprint, message_id)
                    VALUES (?, ?, 'T', 'P', 'f1', 0.5, 0.5, 'run', '{}', 'ada', ?, ?)
                    """, model, version, "0".repeat(64), id);
            outbox.add(List.of(new NewMessage(id, model, "test", "{\"key\":\"" + model + "\"}")));
        });
        return id;
    }

    /** The nth key whose messages are in this partition. */
    public static String keyOf(int partition, int partitions, int nth) {
        OutboxPartitions all = new OutboxPartitions(UUID.randomUUID(), partitions, null, null);
        for (int n = 0, found = 0; ; n++) {
            if (all.partitionOf("model-" + n) == partition && found++ == nth) {
                return "model-" + n;
            }
        }
    }

    /** A copy of a message, at the end, as an operator makes it; in the caller's transaction. */
    public void copy(long id) {
        SqlDialect.of(jdbc.getDataSource()).lockIds(jdbc);
        jdbc.update("""
                INSERT INTO outbox_message (message_id, copy_no, partition_id, message_key, message_type, payload)
                SELECT m.message_id, (SELECT max(c.copy_no) + 1 FROM outbox_message c WHERE c.message_id = m.message_id),
                       m.partition_id, m.message_key, m.message_type, m.payload
                FROM outbox_message m WHERE m.id = ?
                """, id);
    }

    /** How far delivery is, as operators see it. */
    public long delivered(int partition) {
        return jdbc.queryForObject(
                "SELECT delivered_position FROM outbox_progress WHERE partition_id = ?", Long.class, partition);
    }
}

package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.database.ServiceSession;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.core.JdbcTemplate;

/** New databases with the service's tables, for benchmarks that run without the service. */
public final class BenchmarkDatabase {

    /** SQL: a new id as the service gives them, of version 7. It begins with the time. */
    public static final String TIMED_ID = """
            CAST(lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)), 12, '0')
                 || '7' || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 14) AS uuid)""";

    private BenchmarkDatabase() {}

    /** So many more pending messages of 650 bytes, of 1,000 models, in partition 0. */
    public static void addPending(JdbcTemplate jdbc, int messages) {
        jdbc.update("""
                INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
                SELECT %s, 0, 'model-' || n %% 1000, 'model_ready_to_deploy', '%s' FROM generate_series(1, %d) n
                """.formatted(TIMED_ID, OutboxUnderTest.PAYLOAD, messages));
    }

    /** Has the session hold a snapshot, and no lock, until it ends its transaction. */
    public static Connection holdSnapshot(Connection session) throws SQLException {
        session.setAutoCommit(false);
        session.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement first = session.createStatement()) {
            first.execute("SET LOCAL idle_in_transaction_session_timeout = 0");
            first.execute("SELECT 1");
        }
        return session;
    }

    /** A pool on a new, empty one, which the caller closes. */
    public static HikariDataSource created(PostgresCluster postgres, String name, int connections) {
        postgres.jdbc().execute("CREATE DATABASE " + name);
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(postgres.url(name));
        pool.setUsername("postgres");
        pool.setMaximumPoolSize(connections);
        return pool;
    }

    /** The same, with the outbox's tables and the service's session settings. One partition. */
    public static HikariDataSource migrated(PostgresCluster postgres, String name, int connections) {
        HikariDataSource pool = created(postgres, name, connections);
        pool.setConnectionInitSql(ServiceSession.SETTINGS);
        Flyway.configure()
                .dataSource(pool)
                .locations("classpath:db/migration/postgresql")
                .placeholders(Map.of("partitions", "1"))
                .load()
                .migrate();
        return pool;
    }

    /** Ends its sessions. */
    public static void drop(PostgresCluster postgres, String name) {
        postgres.jdbc().execute("DROP DATABASE " + name + " WITH (FORCE)");
    }

    /** Bytes of write-ahead log that the whole cluster has written by now. */
    public static long writeAheadLog(JdbcTemplate jdbc) {
        return jdbc.queryForObject("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn", Long.class);
    }

    /** Bytes on disk. */
    static long size(PostgresCluster postgres, String name) {
        return postgres.jdbc().queryForObject("SELECT pg_database_size(?)", Long.class, name);
    }
}

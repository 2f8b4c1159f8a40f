package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import com.zaxxer.hikari.HikariDataSource;
import java.util.Map;
import org.flywaydb.core.Flyway;

/** New databases with the service's tables, for benchmarks that run without the service. */
public final class BenchmarkDatabase {

    /** SQL: a new id as the service gives them, of version 7. It begins with the time. */
    public static final String TIMED_ID = """
            CAST(lpad(to_hex(CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)), 12, '0')
                 || '7' || substr(replace(CAST(gen_random_uuid() AS text), '-', ''), 14) AS uuid)""";

    private BenchmarkDatabase() {}

    /** A pool on it, which the caller closes. One partition. */
    public static HikariDataSource migrated(PostgresCluster postgres, String name, int connections) {
        postgres.jdbc().execute("CREATE DATABASE " + name);
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + postgres.port() + "/" + name);
        pool.setUsername("postgres");
        pool.setMaximumPoolSize(connections);
        Flyway.configure()
                .dataSource(pool)
                .locations("classpath:db/migration/postgresql")
                .placeholders(Map.of("partitions", "1"))
                .load()
                .migrate();
        return pool;
    }
}

package ai.hokus.registry.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.springframework.jdbc.core.JdbcTemplate;

/** The databases that tests run on. Each call makes an empty one that nobody else uses. Thread-safe. */
public enum TestDatabase {
    /** In memory; lives as long as the JVM. */
    H2 {
        @Override
        public String newUrl() {
            return "jdbc:h2:mem:" + freshName() + ";DB_CLOSE_DELAY=-1;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE"
                    + ";DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0;LOCK_TIMEOUT=2000";
        }
    },

    /** A real server, started by the first call in this JVM; each call makes a schema. */
    POSTGRESQL {
        @Override
        public String newUrl() {
            String schema = freshName();
            new JdbcTemplate(Server.POSTGRES.getPostgresDatabase()).execute("CREATE SCHEMA " + schema);
            // The server runs with synchronous_commit=off, which the outbox refuses.
            return Server.POSTGRES.getJdbcUrl("postgres", "postgres") + "&currentSchema=" + schema
                    + "&options=-c%20synchronous_commit=on";
        }
    },

    /** The server in a container, as it is in production: only where there is a container engine, skipped elsewhere. */
    POSTGRESQL_IN_A_CONTAINER {
        @Override
        public String newUrl() {
            assumeTrue(TestContainers.available(), "no container engine");
            return TestContainers.newPostgresSchema(freshName());
        }
    };

    /** The URL of an empty database, user included: for {@code spring.datasource.url}, whose Flyway then migrates it. */
    public abstract String newUrl();

    /** For {@code spring.datasource.username} beside {@link #newUrl}. */
    public String username() {
        return this == H2 ? "sa" : "postgres";
    }

    /** Locks that transactions of this server wait for. PostgreSQL alone shows them. */
    public static long awaitedLocks(JdbcTemplate postgres) {
        return postgres.queryForObject("SELECT count(*) FROM pg_locks WHERE NOT granted", Long.class);
    }

    /** A pool of up to 16 connections to a new database with the migrations applied. The caller closes it. */
    public HikariDataSource newMigrated(int partitions) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(newUrl());
        config.setUsername(username());
        config.setPassword("");
        config.setMaximumPoolSize(16);
        HikariDataSource dataSource = new HikariDataSource(config);
        Flyway.configure()
                .dataSource(dataSource)
                .locations("classpath:db/migration/" + vendor())
                .placeholders(Map.of("partitions", Integer.toString(partitions)))
                .load()
                .migrate();
        return dataSource;
    }

    private String vendor() {
        return this == H2 ? "h2" : "postgresql";
    }

    private static String freshName() {
        return "t" + UUID.randomUUID().toString().replace("-", "");
    }

    /** Started when first used; zonky stops it with the JVM. */
    private static final class Server {

        static final EmbeddedPostgres POSTGRES = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder()
                        .setServerConfig("max_connections", "300")
                        .setServerConfig("max_prepared_transactions", "10")
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

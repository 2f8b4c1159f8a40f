package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.Eventually;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.transaction.support.TransactionTemplate;

/** On real servers, of which one becomes read-only under the pool's connection, and on H2. */
class StaleConnectionOverrideTest {

    @Test
    void a_connection_to_a_former_primary_is_replaced_by_one_to_the_new_primary() throws Exception {
        try (EmbeddedPostgres former = EmbeddedPostgres.builder().start();
                EmbeddedPostgres successor = EmbeddedPostgres.builder().start();
                HikariDataSource pool = pool("jdbc:postgresql://127.0.0.1:" + former.getPort() + ",127.0.0.1:"
                        + successor.getPort() + "/postgres?targetServerType=primary")) {
            JdbcTemplate jdbc = new JdbcTemplate(pool);
            create(former.getPostgresDatabase(), "former");
            create(successor.getPostgresDatabase(), "successor");
            assertThat(jdbc.queryForObject("SELECT name FROM server", String.class))
                    .isEqualTo("former");

            JdbcTemplate admin = new JdbcTemplate(former.getPostgresDatabase());
            admin.execute("ALTER SYSTEM SET default_transaction_read_only = on");
            admin.execute("SELECT pg_reload_conf()");
            Eventually.await(
                    "the pool's session takes the new value over",
                    () -> "on".equals(jdbc.queryForObject("SHOW default_transaction_read_only", String.class)));
            assertThatThrownBy(() -> jdbc.update("UPDATE server SET name = name"))
                    .hasRootCauseInstanceOf(SQLException.class)
                    .rootCause()
                    .hasMessageContaining("read-only");

            jdbc.update("UPDATE server SET name = name");
            assertThat(jdbc.queryForObject("SELECT name FROM server", String.class))
                    .isEqualTo("successor");
        }
    }

    @Test
    void a_connection_in_a_failed_transaction_is_replaced() throws SQLException {
        try (HikariDataSource pool = pool(TestServer.url("postgres"))) {
            int before = backend(pool);
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("BEGIN");
                assertThatThrownBy(() -> statement.execute("SELECT 1 / 0")).isInstanceOf(SQLException.class);
                assertThatThrownBy(() -> statement.execute("SELECT 1"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("25P02"));
            }

            assertThat(backend(pool)).isNotEqualTo(before);
        }
    }

    @Test
    void the_error_that_closed_a_connection_is_what_the_caller_hears_of() {
        try (HikariDataSource pool = pool(TestServer.url("postgres"))) {
            TransactionTemplate transaction = new TransactionTemplate(new DurableTransactionManager(pool));
            JdbcTemplate jdbc = new JdbcTemplate(pool);

            assertThatThrownBy(() -> transaction.executeWithoutResult(status -> {
                        jdbc.execute("SET TRANSACTION READ ONLY");
                        jdbc.execute("CREATE TABLE never (n INTEGER)");
                    }))
                    .isInstanceOf(DataAccessException.class)
                    .rootCause()
                    .hasMessageContaining("read-only transaction");
        }
    }

    @Test
    void a_connection_whose_h2_database_was_closed_is_replaced() throws SQLException {
        String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
        try (HikariDataSource pool = pool(url);
                Connection connection = pool.getConnection()) {
            try (Connection other = DriverManager.getConnection(url, "postgres", "")) {
                new JdbcTemplate(new SingleConnectionDataSource(other, true)).execute("SHUTDOWN");
            }

            assertThatThrownBy(connection::getAutoCommit).hasMessageContaining("already closed");

            assertThat(connection.isClosed()).as("it has left the pool").isTrue();
        }
    }

    @Test
    void a_connection_that_took_an_ordinary_error_stays() throws SQLException {
        try (HikariDataSource pool = pool(TestServer.url("postgres"))) {
            int before = backend(pool);

            assertThatThrownBy(() -> new JdbcTemplate(pool).execute("SELECT 1 / 0"));

            assertThat(backend(pool)).isEqualTo(before);
        }
    }

    private static int backend(DataSource pool) {
        return new JdbcTemplate(pool).queryForObject("SELECT pg_backend_pid()", Integer.class);
    }

    private static void create(DataSource server, String name) {
        JdbcTemplate jdbc = new JdbcTemplate(server);
        jdbc.execute("CREATE TABLE server (name TEXT)");
        jdbc.update("INSERT INTO server VALUES (?)", name);
    }

    /** Of one connection, as the service's pool is set up. */
    private static HikariDataSource pool(String url) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(url);
        pool.setMaximumPoolSize(1);
        new PoolSetup(() -> new DatabaseLogin("postgres", "", null))
                .postProcessBeforeInitialization(pool, "dataSource");
        return pool;
    }
}

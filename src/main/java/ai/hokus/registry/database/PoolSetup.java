package ai.hokus.registry.database;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.DriverDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Sets the connection pool up, where the operator has not done so.
 *
 * <ul>
 *   <li>Driver: {@code connectTimeout} 2 s and {@code socketTimeout} 10 s, for a database that does not answer at all. The
 *       latter is more than the 5 s that a transaction may take, so that a slow statement is cancelled by its own timeout
 *       first.
 *   <li>Each direct PostgreSQL connection: {@code synchronous_commit} at least {@code on}, because an acknowledged
 *       registration must survive a crash; {@code lock_timeout} 2 s and {@code idle_in_transaction_session_timeout} 5 s, so
 *       that an instance that is frozen inside a transaction holds its row locks no longer than that, and nobody waits
 *       longer for one; READ COMMITTED, which the outbox's claims are written for; no JIT, which takes 1 to 2 s of CPU to
 *       compile the view {@code outbox_status} that then runs for milliseconds. Behind a pooler {@link
 *       DurableTransactionManager} does this.
 *   <li>{@link StaleConnectionOverride}.
 * </ul>
 */
class PoolSetup implements BeanPostProcessor {

    private static final String SETTINGS = """
            SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                       WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
                   set_config('lock_timeout', '2s', false),
                   set_config('idle_in_transaction_session_timeout', '5s', false),
                   set_config('default_transaction_isolation', 'read committed', false),
                   set_config('jit', 'off', false)
            WHERE pg_backend_pid() = ?
            """;

    @Override
    public Object postProcessBeforeInitialization(Object bean, String beanName) {
        if (bean instanceof HikariDataSource pool && pool.getDataSource() == null && pool.getJdbcUrl() != null) {
            setUp(pool);
        }
        return bean;
    }

    private static void setUp(HikariDataSource pool) {
        if (pool.getExceptionOverrideClassName() == null) {
            pool.setExceptionOverride(new StaleConnectionOverride());
        }
        Properties driver = pool.getDataSourceProperties();
        if (pool.getJdbcUrl().startsWith("jdbc:postgresql:")) {
            driver.putIfAbsent("connectTimeout", "2");
            driver.putIfAbsent("socketTimeout", "10");
            driver.putIfAbsent("tcpKeepAlive", "true");
            driver.putIfAbsent("ApplicationName", "registration-outbox");
        }
        if (pool.getJdbcUrl().contains(":postgresql:")) {
            // The data source that the pool would make of its URL by itself.
            pool.setDataSource(new Sessions(new DriverDataSource(
                    pool.getJdbcUrl(), pool.getDriverClassName(), driver, pool.getUsername(), pool.getPassword())));
        }
    }

    /** Gives connections that are set up. */
    private static final class Sessions extends DelegatingDataSource {

        Sessions(DataSource driver) {
            super(driver);
        }

        @Override
        public Connection getConnection() throws SQLException {
            return prepared(super.getConnection());
        }

        @Override
        public Connection getConnection(String username, String password) throws SQLException {
            return prepared(super.getConnection(username, password));
        }

        private static Connection prepared(Connection connection) throws SQLException {
            try {
                PostgresSession.prepare(connection, SETTINGS);
                return connection;
            } catch (SQLException | RuntimeException e) {
                try (connection) {
                    throw e;
                }
            }
        }
    }
}

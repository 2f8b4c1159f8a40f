package ai.hokus.registry.database;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.DriverDataSource;
import java.util.Properties;
import java.util.function.Supplier;
import org.springframework.beans.factory.config.BeanPostProcessor;

/**
 * Sets up the connection pool, except for what the operator has set.
 *
 * <ul>
 *   <li>Driver: {@code connectTimeout} 2 s and {@code socketTimeout} 10 s, for a database that does not answer at all. The
 *       latter is more than the 5 s that a transaction may take, so that a slow statement is cancelled by its own timeout
 *       first.
 *   <li>Each direct PostgreSQL connection: {@code synchronous_commit} at least {@code on}, because an acknowledged
 *       registration must survive a crash; {@code lock_timeout} 2 s and {@code idle_in_transaction_session_timeout} 5 s, so
 *       that an instance that is frozen inside a transaction holds its row locks no longer than that, and nobody waits
 *       longer for one; READ COMMITTED, which the outbox's claims are written for; no JIT, which takes 1 to 2 s of CPU to
 *       compile the view {@code outbox_status} that then runs for milliseconds; nothing but index scans where an
 *       index will do: every statement reads a part of an index in its order, and the plan that a prepared statement keeps
 *       may have been made for an empty table, where reading and sorting everything looks cheaper. Behind a
 *       pooler {@link DurableTransactionManager} does this.
 *   <li>Who connects: {@link DatabaseLogin}; {@link PoolConnections} picks up a new password.
 *   <li>{@link StaleConnectionOverride}.
 * </ul>
 */
class PoolSetup implements BeanPostProcessor {

    private final Supplier<DatabaseLogin> login;

    /** @param login resolved with the first pool: a bean post-processor must not cause other beans to be made early */
    PoolSetup(Supplier<DatabaseLogin> login) {
        this.login = login;
    }

    @Override
    public Object postProcessBeforeInitialization(Object bean, String beanName) {
        if (bean instanceof HikariDataSource pool && pool.getDataSource() == null && pool.getJdbcUrl() != null) {
            setUp(pool, login.get());
        }
        return bean;
    }

    private static void setUp(HikariDataSource pool, DatabaseLogin login) {
        DatabaseProblem.checkUrl(pool.getJdbcUrl());
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
        // Wraps the data source that the pool would make from its URL.
        pool.setDataSource(new PoolConnections(
                new DriverDataSource(pool.getJdbcUrl(), pool.getDriverClassName(), driver, null, null), login));
        pool.setUsername(login.username());
        pool.setPassword(login.password());
    }
}

package ai.hokus.registry;

import com.zaxxer.hikari.HikariDataSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.stereotype.Component;

/**
 * What every PostgreSQL connection of the pool is set to, unless the operator has set it.
 *
 * <ul>
 *   <li>{@code synchronous_commit}: on where it was off, or an acknowledged registration could be lost by a crash;
 *   <li>{@code lock_timeout} 2 s and {@code idle_in_transaction_session_timeout} 5 s: an instance that is frozen inside a
 *       transaction holds its row locks no longer than that, and nobody waits longer for one;
 *   <li>{@code connectTimeout} 2 s, {@code socketTimeout} 10 s: a database that does not answer at all. More than the 5 s
 *       that a transaction may take, so that a slow statement is cancelled by its own timeout first.
 * </ul>
 */
@Component
class PostgresConnections implements BeanPostProcessor {

    private static final String INIT = """
            SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
            SET lock_timeout = '2s';
            SET idle_in_transaction_session_timeout = '5s'
            """;

    @Override
    public Object postProcessBeforeInitialization(Object bean, String beanName) {
        if (bean instanceof HikariDataSource pool
                && pool.getJdbcUrl() != null
                && pool.getJdbcUrl().startsWith("jdbc:postgresql:")) {
            if (pool.getConnectionInitSql() == null) {
                pool.setConnectionInitSql(INIT);
            }
            pool.getDataSourceProperties().putIfAbsent("connectTimeout", "2");
            pool.getDataSourceProperties().putIfAbsent("socketTimeout", "10");
            pool.getDataSourceProperties().putIfAbsent("tcpKeepAlive", "true");
            pool.getDataSourceProperties().putIfAbsent("ApplicationName", "registration-outbox");
        }
        return bean;
    }
}

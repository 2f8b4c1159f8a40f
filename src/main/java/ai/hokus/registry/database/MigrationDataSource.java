package ai.hokus.registry.database;

import ai.hokus.registry.StartupRefusedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.jdbc.support.JdbcUtils;

/**
 * The connections that migrations run on: without the pool, and without any timeout that would end a long migration. Flyway
 * keeps one connection in a transaction that holds its lock, and migrates on a second one; the first is idle for as long as
 * the second works.
 *
 * <p>On H2 one connection stays open until the pool has its own: a database in memory, or a file's lock, lives no longer
 * than its last connection.
 */
class MigrationDataSource extends DriverManagerDataSource
        implements InitializingBean, SmartInitializingSingleton, DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(MigrationDataSource.class);

    /** A setting that the server does not know is left out: transaction_timeout is new in PostgreSQL 17. */
    private static final String SETTINGS = """
            SELECT set_config(s.name, v.value, false)
            FROM (VALUES ('statement_timeout', '0'), ('transaction_timeout', '0'),
                         ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
                         ('lock_timeout', '%d')) v (name, value)
            JOIN pg_settings s ON s.name = v.name
            WHERE pg_backend_pid() = ?
            """;

    private final DatabaseLogin login;
    private final String settings;
    private @Nullable Connection kept;

    /** @param login gives the password anew for each connection: it may change during a long migration */
    MigrationDataSource(String url, DatabaseLogin login, Properties properties, MigrationSettings settings) {
        super(url);
        setConnectionProperties(properties);
        this.login = login;
        this.settings = SETTINGS.formatted(settings.lockTimeout().toMillis());
    }

    /** Connects for the first time. Throws {@link StartupRefusedException} if this database cannot be used. */
    @Override
    public void afterPropertiesSet() throws SQLException {
        DatabaseProblem.checkUrl(getUrl());
        H2Folder.check(getUrl());
        try (Connection first = getConnection()) {
            check(first);
            if (!PostgresSession.isPostgres(first)) {
                kept = getConnection();
            }
        } catch (SQLException e) {
            throw DatabaseProblem.of(e, getUrl()).orElseThrow(() -> e);
        }
    }

    private void check(Connection connection) throws SQLException {
        String where = DatabaseProblem.address(getUrl());
        if (!PostgresSession.isPostgres(connection)) {
            if (connection.isReadOnly()) {
                throw new StartupRefusedException(
                        "The database " + where + " can only be read: its file, or the folder that it is in, is not"
                                + " writable for the user that runs this service.",
                        "Give that user the right to write it, or set another path in spring.datasource.url.");
            }
            return;
        }
        String encoding = new JdbcTemplate(new SingleConnectionDataSource(connection, true))
                .queryForObject("SHOW server_encoding", String.class);
        if (!"UTF8".equals(encoding)) {
            throw new StartupRefusedException(
                    "The database " + where + " has the encoding " + encoding + ", which cannot hold every text that a"
                            + " registration may have; this service needs UTF8.",
                    "Create a database with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and name it in"
                            + " spring.datasource.url.");
        }
        if (PostgresSession.isPooled(connection)) {
            log.info(
                    "The connection to {} leads through a pooler: no server-side prepared statements, and settings for each"
                            + " transaction. Let migrations bypass it with spring.flyway.url (docs/deployment.md).",
                    where);
        }
    }

    @Override
    protected Connection getConnectionFromDriver(@Nullable String username, @Nullable String password)
            throws SQLException {
        return super.getConnectionFromDriver(login.username(), login.currentPassword());
    }

    @Override
    protected Connection getConnectionFromDriver(Properties properties) throws SQLException {
        Connection connection = PostgresSession.prepare(super.getConnectionFromDriver(properties), settings);
        if (PostgresSession.isPostgres(connection)) {
            // The URL may have a socketTimeout, for the pool.
            connection.setNetworkTimeout(Runnable::run, 0);
        }
        return connection;
    }

    /** The pool has its connections by now. */
    @Override
    public void afterSingletonsInstantiated() {
        destroy();
    }

    @Override
    public void destroy() {
        JdbcUtils.closeConnection(kept);
        kept = null;
    }
}

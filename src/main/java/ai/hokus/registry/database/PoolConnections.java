package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Opens the pool's connections, and applies the session's settings to those that lead directly to PostgreSQL. If the password
 * that the database accepted last is refused, the one that the file holds now is tried. Thread-safe.
 */
final class PoolConnections extends DelegatingDataSource {

    private static final Logger log = LoggerFactory.getLogger(PoolConnections.class);

    private final DatabaseLogin login;

    /** The password that was accepted last; until then the one of the start. */
    private volatile @Nullable String password;

    /** @param driver opens a connection for a user and a password */
    PoolConnections(DataSource driver, DatabaseLogin login) {
        super(driver);
        this.login = login;
        this.password = login.password();
    }

    @Override
    public Connection getConnection() throws SQLException {
        return PostgresSession.prepare(super.getConnection(), PostgresSession.SETTINGS);
    }

    /** @param atStart the pool's password, which never changes; not used */
    @Override
    public Connection getConnection(String username, String atStart) throws SQLException {
        String last = password;
        try {
            return open(username, last);
        } catch (SQLException e) {
            String current = DatabaseLogin.isRefusal(e) ? login.currentPassword() : null;
            if (current == null || current.equals(last)) {
                throw e;
            }
            Connection connection = open(username, current);
            accepted(current);
            return connection;
        }
    }

    private Connection open(String username, @Nullable String given) throws SQLException {
        return PostgresSession.prepare(
                obtainTargetDataSource().getConnection(username, given), PostgresSession.SETTINGS);
    }

    private synchronized void accepted(String current) {
        if (!current.equals(password)) {
            password = current;
            log.info("The database refused the previous password and accepts the one that its file holds now.");
        }
    }
}

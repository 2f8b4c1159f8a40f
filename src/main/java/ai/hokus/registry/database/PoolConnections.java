package ai.hokus.registry.database;

import ai.hokus.registry.ThrottledLog;
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

    private final ThrottledLog refused = new ThrottledLog(log);
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
            if (!DatabaseLogin.isRefusal(e)) {
                throw e;
            }
            return openWithCurrentPassword(username, last, e);
        }
    }

    private Connection openWithCurrentPassword(String username, @Nullable String last, SQLException refusal)
            throws SQLException {
        String current = login.currentPassword();
        try {
            if (current == null || current.equals(last)) {
                throw refusal;
            }
            Connection connection = open(username, current);
            accepted(current);
            return connection;
        } catch (SQLException e) {
            // The pool retires its connections one by one, and says nothing while it cannot replace them.
            refused.warn(
                    () -> "The database refuses a new connection: " + e.getMessage()
                            + ". Those that are open go on, for 30 minutes at most. Correct the password in the database or in its file.");
            throw e;
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

package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Opens the pool's connections, and applies the session's settings to those that lead directly to PostgreSQL. The pool's
 * password may be out of date, for example after a long migration; if it is refused, the current one is tried. Thread-safe.
 */
final class PoolConnections extends DelegatingDataSource {

    private final DatabaseLogin login;

    /** @param driver opens a connection for a user and a password */
    PoolConnections(DataSource driver, DatabaseLogin login) {
        super(driver);
        this.login = login;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return PostgresSession.prepare(super.getConnection(), PostgresSession.SETTINGS);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        try {
            return open(username, password);
        } catch (SQLException e) {
            String current = DatabaseLogin.isRefusal(e) ? login.currentPassword() : null;
            if (current == null || current.equals(password)) {
                throw e;
            }
            return open(username, current);
        }
    }

    /** With this password and no other. */
    Connection open(@Nullable String username, String password) throws SQLException {
        return PostgresSession.prepare(
                obtainTargetDataSource().getConnection(username, password), PostgresSession.SETTINGS);
    }
}

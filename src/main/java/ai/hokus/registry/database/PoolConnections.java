package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Opens the pool's connections, and makes the session's settings where they lead to PostgreSQL itself. The pool's password may be
 * out of date, after a long migration for example; if it is refused, that of now is tried. Thread-safe.
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

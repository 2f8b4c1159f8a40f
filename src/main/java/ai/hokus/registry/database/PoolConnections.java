package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** Opens the pool's connections, and makes the session's settings where they lead to PostgreSQL itself. Thread-safe. */
final class PoolConnections extends DelegatingDataSource {

    /** @param driver opens a connection for a user and a password */
    PoolConnections(DataSource driver) {
        super(driver);
    }

    @Override
    public Connection getConnection() throws SQLException {
        return PostgresSession.prepare(super.getConnection(), PostgresSession.SETTINGS);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        return PostgresSession.prepare(super.getConnection(username, password), PostgresSession.SETTINGS);
    }
}

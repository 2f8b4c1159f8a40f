package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Opens the pool's connections: logs in, makes the settings, and knows which of them were opened with a password that was
 * replaced since. Thread-safe.
 */
final class PoolConnections extends DelegatingDataSource {

    private final DatabaseLogin login;
    private final String settings;

    /** With which password each was opened that somebody still has. */
    private final Map<Connection, String> passwords = Collections.synchronizedMap(new WeakHashMap<>());

    /**
     * @param driver opens a connection for a user and a password
     * @param settings for {@link PostgresSession#prepare}
     */
    PoolConnections(DataSource driver, DatabaseLogin login, String settings) {
        super(driver);
        this.login = login;
        this.settings = settings;
    }

    @Override
    public Connection getConnection() throws SQLException {
        return login.connect(this::getConnection);
    }

    @Override
    public Connection getConnection(@Nullable String username, @Nullable String password) throws SQLException {
        Connection connection = username == null
                ? super.getConnection()
                : super.getConnection(username, Objects.requireNonNullElse(password, ""));
        try {
            PostgresSession.prepare(connection, settings);
            if (password != null) {
                passwords.put(connection, password);
            }
            return connection;
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    /** @param connection as it was opened here */
    boolean isOutdated(Connection connection) {
        String password = passwords.get(connection);
        return password != null && login.isOutdated(password);
    }

    /** Whether a connection is open that {@link #isOutdated}. Asks no database. */
    boolean hasOutdated() throws SQLException {
        List<Connection> known;
        synchronized (passwords) {
            known = List.copyOf(passwords.keySet());
        }
        for (Connection connection : known) {
            if (isOutdated(connection) && !connection.isClosed()) {
                return true;
            }
        }
        return false;
    }
}

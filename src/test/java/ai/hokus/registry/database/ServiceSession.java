package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;

/** Connections to PostgreSQL that are set up as the service's are, for tests without the service. */
public final class ServiceSession {

    /** SQL that gives a new session these settings. */
    public static final String SETTINGS = PostgresSession.SESSION_SETTINGS;

    private ServiceSession() {}

    /** Returns the connection, with the service's settings. */
    public static Connection prepare(Connection connection) throws SQLException {
        return PostgresSession.prepare(connection, PostgresSession.SETTINGS);
    }
}

package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.PGConnection;

/**
 * Sets up a new PostgreSQL connection, depending on whether it leads to the server itself or to a pooler.
 *
 * <p>A pooler in transaction mode runs each transaction on any of its own server connections. Then server-side prepared
 * statements fail ({@code "S_1" already exists}), and a session setting reaches one of those connections only, where it
 * also affects the pooler's other clients.
 *
 * <p><b>How a pooler is recognised.</b> A server tells each client its backend's process id when it connects. A pooler
 * cannot pass that on, because there will be several backends, and tells an id of its own. So a connection is direct exactly
 * when {@code pg_backend_pid()} is the id that the driver was told. The test is part of the statement that makes the
 * settings, so the settings cannot reach another backend than the one that was tested. An operator can also declare a
 * pooler, with {@code prepareThreshold=0} in the URL.
 *
 * <p>A connection that was recognised as pooled is marked by a prepare threshold of 0, which is what switches the driver's
 * server-side prepared statements off.
 */
final class PostgresSession {

    private static final int NO_SERVER_SIDE_STATEMENTS = 0;

    /**
     * The settings that {@link PoolSetup} lists, for the session (false) or for the transaction (true). Stronger values of
     * synchronous_commit than {@code on} stay.
     */
    private static final String SERVICE_SETTINGS = """
            SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                       WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, %1$s),
                   set_config('lock_timeout', '2s', %1$s),
                   set_config('idle_in_transaction_session_timeout', '5s', %1$s),
                   set_config('jit', 'off', %1$s),
                   set_config('enable_seqscan', 'off', %1$s),
                   set_config('enable_bitmapscan', 'off', %1$s)
            """;

    /** For one transaction of a pooled connection; its isolation level is set separately. */
    static final String TRANSACTION_SETTINGS = SERVICE_SETTINGS.formatted("true");

    /** For a session of a direct connection; its isolation level is set separately. */
    static final String SESSION_SETTINGS = SERVICE_SETTINGS.formatted("false");

    /** For {@link #prepare}. */
    static final String SETTINGS = SESSION_SETTINGS + """
                   , set_config('default_transaction_isolation', 'read committed', false)
            WHERE pg_backend_pid() = ?
            """;

    private PostgresSession() {}

    /**
     * Applies the settings if the connection is direct, and marks it as pooled if it is not.
     *
     * @param connection new, in auto-commit mode; nothing happens if it is not PostgreSQL's. It is closed if this fails
     * @param settings a SELECT whose WHERE clause ends in {@code pg_backend_pid() = ?}, and which returns a row if that is true
     * @return the connection
     */
    static Connection prepare(Connection connection, String settings) throws SQLException {
        try {
            if (isPostgres(connection) && !isPooled(connection)) {
                makeOrMark(connection, settings);
            }
            return connection;
        } catch (SQLException | RuntimeException e) {
            try (connection) {
                throw e;
            }
        }
    }

    private static void makeOrMark(Connection connection, String settings) throws SQLException {
        PGConnection driver = connection.unwrap(PGConnection.class);
        try (PreparedStatement statement = connection.prepareStatement(settings)) {
            statement.setInt(1, driver.getBackendPID());
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    driver.setPrepareThreshold(NO_SERVER_SIDE_STATEMENTS);
                }
            }
        }
    }

    /** Whether the connection leads through a pooler. Does no I/O. */
    static boolean isPooled(Connection connection) throws SQLException {
        return isPostgres(connection)
                && connection.unwrap(PGConnection.class).getPrepareThreshold() == NO_SERVER_SIDE_STATEMENTS;
    }

    static boolean isPostgres(Connection connection) throws SQLException {
        return connection.isWrapperFor(PGConnection.class);
    }
}

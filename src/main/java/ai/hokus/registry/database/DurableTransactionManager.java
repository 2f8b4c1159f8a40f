package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.JdbcTransactionObjectSupport;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.DefaultTransactionStatus;

/**
 * The service's transactions. A direct connection gets its settings once, when it is opened ({@link PoolSetup}). Behind a
 * pooler a transaction may run on any server connection, where the role or another client may have set something else. So
 * there each transaction begins by applying the settings, which costs one more round trip.
 */
class DurableTransactionManager extends JdbcTransactionManager {

    private static final long serialVersionUID = 1L;

    private static final String ISOLATION = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";

    DurableTransactionManager(DataSource dataSource) {
        super(dataSource);
    }

    @Override
    protected void prepareTransactionalConnection(Connection connection, TransactionDefinition definition)
            throws SQLException {
        super.prepareTransactionalConnection(connection, definition);
        if (PostgresSession.isPooled(connection)) {
            boolean anyIsolation = definition.getIsolationLevel() == TransactionDefinition.ISOLATION_DEFAULT;
            try (Statement statement = connection.createStatement()) {
                statement.execute((anyIsolation ? ISOLATION : "") + PostgresSession.TRANSACTION_SETTINGS);
            }
        }
    }

    /**
     * After some errors the pool closes the connection, and the server rolls back. Then the caller gets the original error, not
     * one about the closed connection.
     */
    @Override
    protected void doRollback(DefaultTransactionStatus status) {
        try {
            super.doRollback(status);
        } catch (RuntimeException e) {
            if (!isClosed(((JdbcTransactionObjectSupport) status.getTransaction())
                    .getConnectionHolder()
                    .getConnection())) {
                throw e;
            }
        }
    }

    private static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            return false;
        }
    }
}

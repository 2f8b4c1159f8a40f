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
 * The service's transactions. Behind a pooler each begins with the settings that a direct connection got once, when it was
 * opened ({@link PoolSetup}): whichever server connection the transaction runs on, and whatever the role or another client
 * of the pooler has set there. That is one more round trip for each transaction, behind a pooler only.
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
     * A connection that the pool has thrown away for its error is closed, and the server has rolled back: then that error is what
     * the caller hears of, and not that the connection is closed.
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

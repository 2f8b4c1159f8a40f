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
 * Behind a pooler, a transaction may run on any server connection, so each begins by applying the service's settings: one
 * round trip more. A direct connection gets them when it is opened ({@link PoolSetup}).
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

    /** After some errors the pool has closed the connection: then the caller gets the original error, not one about that. */
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

package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import java.sql.SQLException;
import java.util.Set;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.TransactionException;

/** What an exception tells about the database. */
final class DatabaseFailure {

    /** Serialization failure and deadlock (both databases: 40001; PostgreSQL: 40P01), concurrent update (H2: 90131). */
    private static final Set<String> RETRYABLE = Set.of("40001", "40P01", "90131");

    private DatabaseFailure() {}

    /** Whether another transaction ended this one, which may be tried again at once. */
    static boolean isDeadlockOrSerializationFailure(Throwable e) {
        return SqlFailure.hasState(e, RETRYABLE);
    }

    /** Whether every member of a transaction has it: it was the database itself, or a lock that all wait for, not what was written. */
    static boolean isSharedFailure(Throwable e) {
        return e instanceof TransactionException
                || e instanceof NonTransientDataAccessResourceException
                || e instanceof RecoverableDataAccessException
                || SqlFailure.isMissingRight(e)
                || (e instanceof TransientDataAccessException && !isDeadlockOrSerializationFailure(e));
    }

    /** What the database itself said, for a log line. */
    static String describe(Throwable e) {
        return SqlFailure.cause(e).map(SQLException::toString).orElseGet(e::toString);
    }
}

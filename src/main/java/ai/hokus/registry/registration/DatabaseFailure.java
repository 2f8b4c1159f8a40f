package ai.hokus.registry.registration;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.TransactionException;

/** What an exception tells about the database. */
final class DatabaseFailure {

    /** Serialization failure and deadlock (both databases: 40001; PostgreSQL: 40P01), concurrent update (H2: 90131). */
    private static final Set<String> RETRYABLE = Set.of("40001", "40P01", "90131");

    /** A lock that another transaction did not release in time (H2: HYT00; PostgreSQL: 55P03). */
    private static final Set<String> LOCK_TIMEOUT = Set.of("HYT00", "55P03");

    /** The service's role lacks a right (PostgreSQL and H2). */
    private static final Set<String> MISSING_RIGHT = Set.of("42501", "90096");

    private DatabaseFailure() {}

    /** Whether another transaction ended this one, which may be tried again at once. */
    static boolean isDeadlockOrSerializationFailure(Throwable e) {
        return hasState(e, RETRYABLE);
    }

    /** Whether it waited in vain for another transaction. */
    static boolean isLockTimeout(Throwable e) {
        return hasState(e, LOCK_TIMEOUT);
    }

    /** Whether the service's role may not do this: an operator mends it, and the request may be sent again. */
    static boolean isMissingRight(Throwable e) {
        return hasState(e, MISSING_RIGHT);
    }

    private static boolean hasState(Throwable e, Set<String> states) {
        return cause(e).map(SQLException::getSQLState).filter(states::contains).isPresent();
    }

    /** Whether every member of a transaction has it: it was the database itself, or a lock that all wait for, not what was written. */
    static boolean isSharedFailure(Throwable e) {
        return e instanceof TransactionException
                || e instanceof NonTransientDataAccessResourceException
                || e instanceof RecoverableDataAccessException
                || isMissingRight(e)
                || (e instanceof TransientDataAccessException && !isDeadlockOrSerializationFailure(e));
    }

    /** What the database itself said, for a log line. */
    static String describe(Throwable e) {
        return cause(e).map(SQLException::toString).orElseGet(e::toString);
    }

    /** The outermost SQLException: H2's has a cause of its own, which tells of its inner life only. */
    private static Optional<SQLException> cause(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast)
                .findFirst();
    }
}

package ai.hokus.registry;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.core.NestedExceptionUtils;

/** Classifies database failures by the SQL state that the server gave. */
public final class SqlFailure {

    /** A lock that another transaction did not release in time (H2: HYT00; PostgreSQL: 55P03). */
    private static final Set<String> LOCK_TIMEOUT = Set.of("HYT00", "55P03");

    /** Serialization failure and deadlock (both databases: 40001; PostgreSQL: 40P01), concurrent update (H2: 90131). */
    private static final Set<String> RETRYABLE = Set.of("40001", "40P01", "90131");

    /** The service's role lacks a right (PostgreSQL: 42501; H2: 90096). */
    private static final Set<String> MISSING_RIGHT = Set.of("42501", "90096");

    /** The database refuses writes: it is a standby, or set so (PostgreSQL: 25006). */
    private static final Set<String> READ_ONLY = Set.of("25006");

    private SqlFailure() {}

    /** Whether a statement gave up waiting for another transaction's lock. Spring treats neither state as a locking failure. */
    public static boolean isLockTimeout(Throwable e) {
        return hasState(e, LOCK_TIMEOUT);
    }

    /** Whether this transaction failed because of another one. It may be tried again at once. */
    public static boolean isDeadlockOrSerializationFailure(Throwable e) {
        return hasState(e, RETRYABLE);
    }

    /** Whether the service's role lacks a right. Spring takes this for bad SQL, but an operator can fix it. */
    public static boolean isMissingRight(Throwable e) {
        return hasState(e, MISSING_RIGHT);
    }

    /** Whether the database accepts no writes at the moment. */
    public static boolean isReadOnly(Throwable e) {
        return hasState(e, READ_ONLY);
    }

    public static boolean hasState(Throwable e, Set<String> states) {
        return cause(e).map(SQLException::getSQLState).filter(states::contains).isPresent();
    }

    /** What the database itself said, or else the innermost cause, for a log line. */
    public static String describe(Throwable e) {
        return cause(e).map(SQLException::toString)
                .orElseGet(() -> NestedExceptionUtils.getMostSpecificCause(e).toString());
    }

    /** The database's own exception, the outermost of several: the inner ones of H2 show only its internals. */
    public static Optional<SQLException> cause(Throwable e) {
        return causes(e).findFirst();
    }

    /** All exceptions of the database and its driver, the outermost first. */
    public static Stream<SQLException> causes(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast);
    }
}

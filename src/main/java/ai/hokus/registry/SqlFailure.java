package ai.hokus.registry;

import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What an exception says of the database, by the state that its server gave. */
public final class SqlFailure {

    /** A lock that another transaction did not release in time (H2: HYT00; PostgreSQL: 55P03). */
    private static final Set<String> LOCK_TIMEOUT = Set.of("HYT00", "55P03");

    /** Serialization failure and deadlock (both databases: 40001; PostgreSQL: 40P01), concurrent update (H2: 90131). */
    private static final Set<String> RETRYABLE = Set.of("40001", "40P01", "90131");

    /** The service's role lacks a right (PostgreSQL: 42501; H2: 90096). */
    private static final Set<String> MISSING_RIGHT = Set.of("42501", "90096");

    private SqlFailure() {}

    /** Whether it waited in vain for another transaction. Spring counts neither state among failures of locking. */
    public static boolean isLockTimeout(Throwable e) {
        return hasState(e, LOCK_TIMEOUT);
    }

    /** Whether another transaction ended this one, which may be tried again at once. */
    public static boolean isDeadlockOrSerializationFailure(Throwable e) {
        return hasState(e, RETRYABLE);
    }

    /** Whether the service's role may not do this, which Spring takes for bad SQL: an operator mends it. */
    public static boolean isMissingRight(Throwable e) {
        return hasState(e, MISSING_RIGHT);
    }

    /** Whether the server gave one of these states. */
    public static boolean hasState(Throwable e, Set<String> states) {
        return cause(e).map(SQLException::getSQLState).filter(states::contains).isPresent();
    }

    /** What the database itself said, for a log line. */
    public static String describe(Throwable e) {
        return cause(e).map(SQLException::toString).orElseGet(e::toString);
    }

    /** What the database itself said; empty: it said nothing. The outermost one: H2's has a cause that tells of its inner life only. */
    public static Optional<SQLException> cause(Throwable e) {
        return causes(e).findFirst();
    }

    /** All that the database and its driver said, the outermost first. */
    public static Stream<SQLException> causes(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast);
    }
}

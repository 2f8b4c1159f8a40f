package ai.hokus.registry.registration;

import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;

/** What the database itself said, among the causes of an exception. */
final class SqlCause {

    private SqlCause() {}

    /** The outermost SQLException: H2's has a cause of its own, which tells of its inner life only. */
    static Optional<SQLException> of(Throwable e) {
        return Stream.iterate(e, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast)
                .findFirst();
    }

    /** For a log line. */
    static String describe(Throwable e) {
        return of(e).map(SQLException::toString).orElseGet(e::toString);
    }
}

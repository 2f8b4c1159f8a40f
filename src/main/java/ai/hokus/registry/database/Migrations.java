package ai.hokus.registry.database;

import static java.util.Objects.requireNonNull;
import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.StartupRefusedException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.CoreErrorCode;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.configuration.ClassicConfiguration;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.core.retry.RetryListener;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryState;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * Runs the migrations.
 *
 * <ol>
 *   <li>Each migration is a transaction on PostgreSQL. If it does not get a lock in time it is rolled back, and tried again
 *       after a pause, up to a number of times. So old instances that still serve never queue behind a waiting migration for
 *       long.
 *   <li>What an operator can mend ends in a {@link StartupRefusedException}. Flyway itself finds out, before it changes
 *       anything, whether a schema is another application's.
 * </ol>
 */
class Migrations implements FlywayMigrationStrategy {

    private static final Logger log = LoggerFactory.getLogger(Migrations.class);

    /** lock_not_available and deadlock_detected. H2 commits each statement of a migration, so nothing is tried twice there. */
    private static final List<String> LOCKED = List.of("55P03", "40P01");

    /** PostgreSQL's and H2's. */
    private static final List<String> UNKNOWN_COLUMN = List.of("42703", "42S22");

    private static final String LOCK_TIMEOUT_H2 = "HYT00";

    /** Which sessions hold locks on the tables of our schema just now. Everybody may see this much. */
    private static final String HOLDERS = """
            SELECT DISTINCT 'pid ' || l.pid || coalesce(' (' || a.usename || ', ' || a.application_name || ')', '') || ' on '
                   || c.relname
            FROM pg_locks l
            JOIN pg_class c ON c.oid = l.relation
            LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.granted AND c.relkind IN ('r', 'p', 'v', 'S') AND c.relnamespace = current_schema()::regnamespace
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND l.pid <> pg_backend_pid()
            LIMIT 5
            """;

    private final MigrationSettings settings;
    private final MigrationProgress progress;

    Migrations(MigrationSettings settings, MigrationProgress progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /**
     * Brings the tables up to date.
     *
     * @throws StartupRefusedException if it cannot, and an operator can mend that
     * @throws FlywayException if it cannot for any other reason
     */
    @Override
    public void migrate(Flyway flyway) {
        RetryTemplate tries = new RetryTemplate(RetryPolicy.builder()
                .maxRetries(settings.maxLockAttempts() - 1L)
                .delay(settings.lockRetryInterval())
                .predicate(failure -> LOCKED.contains(sqlState(failure)))
                .build());
        tries.setRetryListener(new WaitLog(flyway));
        try {
            progress.reportDuring(() -> tries.invoke(flyway::migrate));
        } catch (FlywayException e) {
            throw refusal(flyway, e).<RuntimeException>map(refusal -> refusal).orElse(e);
        }
    }

    private Optional<StartupRefusedException> refusal(Flyway flyway, FlywayException e) {
        String url = url(flyway);
        String where = DatabaseProblem.address(url);
        if (isUnfinished(flyway, e)) {
            return Optional.of(new StartupRefusedException(
                    "A migration of the database " + where + " failed in the middle (" + firstLine(e) + ").",
                    "Restore the database from a backup of before the migration; without anything in it to keep, "
                            + replace(flyway),
                    e));
        }
        if (e instanceof FlywayValidateException) {
            return Optional.of(foreignHistory(flyway, where, e));
        }
        if (e.getErrorCode() == CoreErrorCode.NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE) {
            return Optional.of(new StartupRefusedException(
                    "The schema in the database " + where + " is not empty and not this service's: it has "
                            + contents(tables(flyway)) + ".",
                    "Use an empty database or schema: correct spring.datasource.url (currentSchema=... names a schema on"
                            + " PostgreSQL).",
                    e));
        }
        if (String.valueOf(e.getMessage()).contains("Number of retries exceeded")) {
            return Optional.of(new StartupRefusedException(
                    "Another instance has been migrating the database " + where + " for longer than this one waits"
                            + " (spring.flyway.lock-retry-count seconds).",
                    "Look at that instance's log. Start this one again when its migrations are done.",
                    e));
        }
        String state = sqlState(e);
        if (LOCKED.contains(state) || LOCK_TIMEOUT_H2.equals(state)) {
            return Optional.of(new StartupRefusedException(
                    "A migration of the database " + where + " did not get a lock in " + settings.maxLockAttempts()
                            + " tries of " + settings.lockTimeout().toMillis() + " ms; locks are held by: "
                            + holders(flyway) + ".",
                    "End what holds the lock (SELECT pg_terminate_backend(PID)), a long transaction or a backup for"
                            + " example, and start again. Nothing was changed.",
                    e));
        }
        if (UNKNOWN_COLUMN.contains(state) && !tables(flyway).contains("outbox_message")) {
            return Optional.of(new StartupRefusedException(
                    "The schema in the database " + where + " has a table flyway_schema_history that is not Flyway's ("
                            + firstLine(getMostSpecificCause(e)) + ").",
                    "Use an empty database or schema: correct spring.datasource.url (currentSchema=... names a schema on"
                            + " PostgreSQL).",
                    e));
        }
        return DatabaseProblem.of(e, url);
    }

    /** On H2 the statements before the failed one stay, and Flyway writes down that the migration failed. */
    private static boolean isUnfinished(Flyway flyway, FlywayException e) {
        return sqlState(e).isEmpty()
                && e.getErrorCode() != CoreErrorCode.NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE
                && Arrays.stream(flyway.info().applied())
                        .anyMatch(migration -> migration.getState().isFailed());
    }

    private static StartupRefusedException foreignHistory(Flyway flyway, String where, FlywayException cause) {
        MigrationInfo[] applied = flyway.info().applied();
        if (!tables(flyway).contains("outbox_message")) {
            String first = Arrays.stream(applied)
                    .filter(migration -> migration.getVersion() != null)
                    .findFirst()
                    .map(migration -> "V" + migration.getVersion() + ", " + migration.getDescription())
                    .orElse("a repeatable migration");
            return new StartupRefusedException(
                    "The schema in the database " + where
                            + " has the Flyway history of another application, which begins" + " with " + first + ".",
                    "Use an empty database or schema: correct spring.datasource.url (currentSchema=... names a schema on"
                            + " PostgreSQL).",
                    cause);
        }
        return new StartupRefusedException(
                "The database " + where
                        + " was made by another build of this service, one from before its first release:"
                        + " its " + applied.length
                        + " migrations are not those of this build, and no upgrade leads from"
                        + " there to here.",
                "Let the old build deliver what is pending, then " + replace(flyway),
                cause);
    }

    /** What to do to have an empty database in place of this one. */
    private static String replace(Flyway flyway) {
        List<String> path = isH2(flyway)
                ? new JdbcTemplate(dataSource(flyway)).queryForList("SELECT database_path()", String.class)
                : List.of();
        return path.isEmpty() || path.get(0) == null
                ? "use an empty database or schema."
                : "move it away (" + path.get(0) + ".mv.db): the next start makes a new one.";
    }

    /** Tables and views of the schema, in lower case, whoever owns them. */
    private static List<String> tables(Flyway flyway) {
        return requireNonNull(new JdbcTemplate(dataSource(flyway))
                .execute((ConnectionCallback<List<String>>) connection -> tables(connection)));
    }

    private static List<String> tables(Connection connection) throws SQLException {
        List<String> names = new ArrayList<>();
        try (ResultSet tables = connection
                .getMetaData()
                .getTables(connection.getCatalog(), connection.getSchema(), "%", new String[] {"TABLE", "VIEW"})) {
            while (tables.next()) {
                names.add(tables.getString("TABLE_NAME").toLowerCase(Locale.ROOT));
            }
        }
        return names;
    }

    private static String contents(List<String> tables) {
        return tables.isEmpty()
                ? "functions or types"
                : tables.stream().limit(5).collect(Collectors.joining(", ")) + (tables.size() > 5 ? " and more" : "");
    }

    private static String holders(Flyway flyway) {
        if (isH2(flyway)) {
            return "another process that uses the same file";
        }
        List<String> holders = new JdbcTemplate(dataSource(flyway)).queryForList(HOLDERS, String.class);
        return holders.isEmpty() ? "nobody any more" : String.join("; ", holders);
    }

    private static boolean isH2(Flyway flyway) {
        return url(flyway).toLowerCase(Locale.ROOT).startsWith("jdbc:h2:");
    }

    private static String url(Flyway flyway) {
        return dataSource(flyway) instanceof MigrationDataSource mine ? String.valueOf(mine.getUrl()) : "";
    }

    private static DataSource dataSource(Flyway flyway) {
        return ((ClassicConfiguration) flyway.getConfiguration()).getDataSource();
    }

    /** Empty: no database failed. */
    private static String sqlState(@Nullable Throwable failure) {
        return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(cause -> String.valueOf(((SQLException) cause).getSQLState()))
                .findFirst()
                .orElse("");
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().collect(Collectors.joining(" "));
    }

    /** Says of each try that a lock was in the way, and whose. */
    private final class WaitLog implements RetryListener {

        private final Flyway flyway;

        WaitLog(Flyway flyway) {
            this.flyway = flyway;
        }

        @Override
        public void beforeRetry(RetryPolicy policy, Retryable<?> retryable, RetryState state) {
            log.warn(
                    "A migration did not get a lock within {} ms and was rolled back; try {} of {} begins now. Locks are"
                            + " held by: {}.",
                    settings.lockTimeout().toMillis(),
                    state.getRetryCount() + 1,
                    settings.maxLockAttempts(),
                    holders(flyway));
        }
    }
}

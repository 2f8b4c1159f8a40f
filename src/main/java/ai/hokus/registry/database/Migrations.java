package ai.hokus.registry.database;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.StartupRefusedException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.CoreErrorCode;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;
import org.springframework.core.retry.RetryListener;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryState;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.core.retry.Retryable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;
import org.springframework.util.StringUtils;

/**
 * Runs the migrations.
 *
 * <ol>
 *   <li>Each migration is a transaction on PostgreSQL. If it does not get a lock in time it is rolled back, and tried again
 *       after a pause, up to a number of times. So old instances that still serve never queue behind a waiting migration for
 *       long.
 *   <li>A failure that an operator can fix becomes a {@link StartupRefusedException}. Flyway itself finds out, before it
 *       changes anything, whether a schema is another application's.
 * </ol>
 */
@Component
class Migrations implements FlywayMigrationStrategy {

    private static final Logger log = LoggerFactory.getLogger(Migrations.class);

    /** H2's, for a table, an index or a column: what a migration that was killed has left behind. */
    private static final Set<String> ALREADY_EXISTS = Set.of("42S01", "42S11", "42S21");

    private static final String USE_ANOTHER_SCHEMA =
            "Use an empty database or schema: correct spring.datasource.url (currentSchema=... names a schema on PostgreSQL).";

    /** Which sessions hold locks on the tables of our schema at the moment. Needs no special right. */
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
    private final String where;
    private final boolean h2;
    private final JdbcTemplate jdbc;

    Migrations(
            MigrationSettings settings, MigrationProgress progress, @FlywayDataSource MigrationDataSource dataSource) {
        this.settings = settings;
        this.progress = progress;
        this.where = DatabaseProblem.address(dataSource.getUrl());
        this.h2 = where.toLowerCase(Locale.ROOT).startsWith("jdbc:h2:");
        this.jdbc = new JdbcTemplate(dataSource);
    }

    /**
     * @throws StartupRefusedException if that fails, and an operator can fix it
     * @throws FlywayException if it fails for any other reason
     */
    @Override
    public void migrate(Flyway flyway) {
        RetryTemplate tries = new RetryTemplate(RetryPolicy.builder()
                .maxRetries(settings.maxLockAttempts() - 1L)
                .delay(settings.lockRetryInterval())
                // H2 commits each statement of a migration, so nothing is tried twice there.
                .predicate(failure -> !h2 && isLocked(failure))
                .build());
        tries.setRetryListener(new RetryListener() {
            @Override
            public void beforeRetry(RetryPolicy policy, Retryable<?> retryable, RetryState state) {
                log.warn(
                        "A migration did not get a lock within {} ms and was rolled back; try {} of {} begins now. Locks are"
                                + " held by: {}.",
                        settings.lockTimeout().toMillis(),
                        state.getRetryCount() + 1,
                        settings.maxLockAttempts(),
                        holders());
            }
        });
        try {
            progress.reportDuring(() -> tries.invoke(flyway::migrate));
        } catch (FlywayException e) {
            throw refusal(flyway, e);
        }
    }

    private static boolean isLocked(Throwable failure) {
        return SqlFailure.isLockTimeout(failure) || SqlFailure.isDeadlockOrSerializationFailure(failure);
    }

    /** A {@link StartupRefusedException} if an operator is known to be able to fix this; otherwise the failure itself. */
    private RuntimeException refusal(Flyway flyway, FlywayException e) {
        if (SqlFailure.cause(e).isEmpty()) {
            return refusalByFlyway(flyway, e);
        }
        if (isLocked(e) && h2) {
            return refusal(
                    e,
                    "A migration of %s did not get a lock: another process uses this file",
                    "Start one process on this file first, and the others when it is ready.");
        }
        if (isLocked(e)) {
            return refusal(
                    e,
                    "A migration of %s did not get a lock in " + settings.maxLockAttempts() + " tries of "
                            + settings.lockTimeout().toMillis() + " ms; locks are held by: " + holders(),
                    "End what holds the lock (SELECT pg_terminate_backend(PID)), a long transaction or a backup for"
                            + " example, and start again. Nothing was changed.");
        }
        if (h2 && SqlFailure.hasState(e, ALREADY_EXISTS)) {
            return failedInTheMiddle(e);
        }
        return DatabaseProblem.of(e, where).map(RuntimeException.class::cast).orElse(e);
    }

    /** For what Flyway itself found: no statement failed. */
    private RuntimeException refusalByFlyway(Flyway flyway, FlywayException e) {
        if (e.getErrorCode() == CoreErrorCode.NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE) {
            return refusal(
                    e,
                    "The schema in %s is not empty and not this service's: it has " + contents(),
                    USE_ANOTHER_SCHEMA);
        }
        MigrationInfo[] applied = flyway.info().applied();
        // On H2 the statements before the failed one stay applied, and Flyway's history says that the migration failed.
        if (Arrays.stream(applied).anyMatch(migration -> migration.getState().isFailed())) {
            return failedInTheMiddle(e);
        }
        if (e instanceof FlywayValidateException) {
            return foreignHistory(applied, e);
        }
        return String.valueOf(e.getMessage()).contains("Number of retries exceeded")
                ? refusal(
                        e,
                        "Another instance has been migrating %s for longer than this one waits"
                                + " (spring.flyway.lock-retry-count seconds)",
                        "Look at that instance's log. Start this one again when its migrations are done.")
                : e;
    }

    private RuntimeException failedInTheMiddle(FlywayException e) {
        return refusal(
                e,
                "A migration of %s failed in the middle (" + oneLine(getMostSpecificCause(e)) + ")",
                "Restore the database from a backup of before the migration; if nothing in it must be kept, "
                        + replace());
    }

    private RuntimeException foreignHistory(MigrationInfo[] applied, FlywayException e) {
        String first = Arrays.stream(applied)
                .filter(migration -> migration.getVersion() != null)
                .findFirst()
                .map(migration -> "V" + migration.getVersion() + ", " + migration.getDescription())
                .orElse("a repeatable migration");
        return refusal(
                e,
                "The schema in %s has the Flyway history of another application, or of this service before its first"
                        + " release; it begins with " + first,
                USE_ANOTHER_SCHEMA);
    }

    /** @param problem without the full stop, and with %s for the database */
    private RuntimeException refusal(FlywayException e, String problem, String action) {
        String sentence = StringUtils.capitalize(problem.replace("%s", "the database " + where)) + ".";
        return new StartupRefusedException(sentence, action, e);
    }

    /** What to do to have an empty database in place of this one. */
    private String replace() {
        List<String> path = h2 ? jdbc.queryForList("SELECT database_path()", String.class) : List.of();
        return path.isEmpty() || path.get(0) == null
                ? "use an empty database or schema."
                : "move it away (" + path.get(0) + ".mv.db): the next start makes a new one.";
    }

    /** Tables of the schema, those of other users too, which PostgreSQL's information_schema leaves out. */
    private String contents() {
        String names = h2
                ? "SELECT table_name FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA"
                : "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()";
        List<String> tables = jdbc.queryForList(names + " ORDER BY 1 LIMIT 6", String.class);
        return tables.isEmpty()
                ? "views, functions or types"
                : tables.stream().limit(5).collect(Collectors.joining(", ")) + (tables.size() > 5 ? " and more" : "");
    }

    private String holders() {
        if (h2) {
            return "another process that uses the same file";
        }
        List<String> holders = jdbc.queryForList(HOLDERS, String.class);
        return holders.isEmpty() ? "nobody any more" : String.join("; ", holders);
    }

    private static String oneLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().collect(Collectors.joining(" "));
    }
}

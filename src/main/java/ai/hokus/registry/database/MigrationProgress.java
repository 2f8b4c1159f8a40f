package ai.hokus.registry.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.SimpleAsyncTaskScheduler;
import org.springframework.stereotype.Component;

/**
 * Logs what migrations are doing while they run. Also sets the timeouts of each migration's transaction on PostgreSQL: Flyway
 * calls {@link #handle} inside it, so they hold behind a pooler too.
 */
@Component
class MigrationProgress extends BaseCallback {

    private static final Logger log = LoggerFactory.getLogger(MigrationProgress.class);

    private final String transactionSettings;
    private final Duration interval;
    private volatile String current = "";
    private volatile long since;

    MigrationProgress(MigrationSettings settings) {
        this.interval = settings.reportInterval();
        this.transactionSettings = """
                SET LOCAL lock_timeout = %d;
                SET LOCAL statement_timeout = 0;
                SET LOCAL idle_in_transaction_session_timeout = 0
                """.formatted(settings.lockTimeout().toMillis());
    }

    /** Runs the migrations, and reports from another thread meanwhile. */
    void reportDuring(Runnable migrations) {
        begin("Flyway's lock, which another instance that migrates may hold");
        try (SimpleAsyncTaskScheduler reports = new SimpleAsyncTaskScheduler()) {
            reports.setThreadNamePrefix("migration-progress-");
            reports.setDaemon(true);
            var unused = reports.scheduleAtFixedRate(this::report, Instant.now().plus(interval), interval);
            migrations.run();
        }
    }

    private void begin(String what) {
        since = System.nanoTime();
        current = what;
    }

    private void report() {
        log.info(
                "Migrations are still under way, for {} s with {}. They have no time limit: do not stop the process.",
                Duration.ofNanos(System.nanoTime() - since).toSeconds(),
                current);
    }

    @Override
    public boolean supports(Event event, Context context) {
        return event == Event.BEFORE_EACH_MIGRATE || event == Event.AFTER_EACH_MIGRATE;
    }

    @Override
    public void handle(Event event, Context context) {
        if (event == Event.AFTER_EACH_MIGRATE) {
            begin("Flyway's lock or its history");
            return;
        }
        begin("V" + context.getMigrationInfo().getVersion() + ", "
                + context.getMigrationInfo().getDescription());
        try {
            Connection connection = context.getConnection();
            if (PostgresSession.isPostgres(connection)) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute(transactionSettings);
                }
            }
        } catch (SQLException e) {
            throw new FlywayException(e);
        }
    }
}

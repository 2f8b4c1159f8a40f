package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Migrations on a real PostgreSQL: without a time limit, and behind others' locks. */
@ExtendWith(OutputCaptureExtension.class)
class MigrationsTest {

    @TempDir
    Path migrations;

    private String role;
    private String database;

    @BeforeEach
    void createDatabase() {
        role = TestServer.newRole();
        database = TestServer.newDatabase(role, "");
    }

    /** Every timeout that there is, each shorter than the migration, which a trigger of the database's owner makes slow. */
    @Test
    void a_migration_takes_as_long_as_it_takes_and_its_progress_is_logged(CapturedOutput output) {
        TestServer.admin(database).execute("""
                CREATE SCHEMA others;
                CREATE FUNCTION others.slow() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM pg_sleep(1.5); END';
                CREATE EVENT TRIGGER slow ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION others.slow();
                """);
        for (String timeout : List.of("statement_timeout", "idle_in_transaction_session_timeout")) {
            TestServer.admin(database).execute("ALTER ROLE " + role + " SET " + timeout + " = '500ms'");
        }
        write("V1__slow_index", "CREATE TABLE a (id INT); CREATE INDEX a_id ON a (id);");

        migrate(
                "?socketTimeout=1",
                "--spring.datasource.hikari.data-source-properties.socketTimeout=1",
                "--registry.migration.report-interval=200ms",
                "--logging.level.ai.hokus.registry.database=info");

        assertThat(count("SELECT count(*) FROM pg_indexes WHERE indexname = 'a_id'"))
                .isEqualTo(1);
        assertThat(count("SELECT count(*) FROM flyway_schema_history WHERE success"))
                .isEqualTo(1);
        assertThat(output.getAll()).containsPattern("Migrations are still under way, for [0-9]+ s with V1, slow index");
    }

    @Test
    void a_migration_waits_in_tries_for_a_lock_and_names_who_holds_it(CapturedOutput output) throws SQLException {
        write("V1__table", "CREATE TABLE a (id INT);");
        migrate("");
        write("V2__column", "ALTER TABLE a ADD COLUMN b INT;");
        CompletableFuture<Void> waiting;
        try (Connection holder = open();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE a IN ACCESS SHARE MODE");

            waiting = CompletableFuture.runAsync(() -> migrate(
                    "",
                    "--registry.migration.lock-timeout=50ms",
                    "--registry.migration.lock-retry-interval=10ms",
                    "--registry.migration.max-lock-attempts=100000"));
            Eventually.await("it waits", () -> output.getAll().contains("begins now"), output::getAll);
            assertThat(output.getAll())
                    .containsPattern("did not get a lock within 50 ms and was rolled back; try 2 of 100000 begins now")
                    .contains(role + ", holder) on a");
        }
        waiting.join();

        assertThat(count(
                        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'a' AND column_name = 'b'"))
                .isEqualTo(1);
    }

    @Test
    void a_migration_gives_up_with_a_sentence_when_a_lock_is_never_free(CapturedOutput output) throws SQLException {
        write("V1__table", "CREATE TABLE a (id INT);");
        migrate("");
        write("V2__column", "CREATE TABLE c (id INT); ALTER TABLE a ADD COLUMN b INT;");
        try (Connection holder = open();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE a IN ACCESS SHARE MODE");

            Throwable refusal = catchThrowable(() -> migrate(
                    "",
                    "--registry.migration.lock-timeout=20ms",
                    "--registry.migration.lock-retry-interval=1ms",
                    "--registry.migration.max-lock-attempts=3"));

            assertThat(refusal).hasRootCauseInstanceOf(SQLException.class);
            assertThat(output.getAll())
                    .contains("A migration of the database " + TestServer.url(database)
                            + " did not get a lock in 3 tries of 20 ms; locks are held by: pid ")
                    .contains(role + ", holder) on a")
                    .contains("Nothing was changed.")
                    .doesNotContain("\tat ");
        }
        assertThat(count("SELECT count(*) FROM information_schema.tables WHERE table_name = 'c'"))
                .isZero();
    }

    /** It holds Flyway's lock in a transaction; the other one takes over when that ends. */
    @Test
    void two_instances_that_start_at_once_migrate_once() {
        for (int n = 1; n <= 5; n++) {
            write("V" + n + "__table", "CREATE TABLE t" + n + " (id INT);");
        }

        CompletableFuture.allOf(
                        CompletableFuture.runAsync(() -> migrate("")), CompletableFuture.runAsync(() -> migrate("")))
                .join();

        assertThat(count("SELECT count(*) FROM flyway_schema_history WHERE success"))
                .isEqualTo(5);
    }

    private void migrate(String parameters, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--registry.migrate-only",
                "--spring.datasource.url=" + TestServer.url(database) + parameters,
                "--spring.datasource.username=" + role,
                "--spring.datasource.password=right",
                "--spring.flyway.locations=filesystem:" + migrations));
        arguments.addAll(List.of(more));
        RegistrationOutboxApplication.main(arguments.toArray(String[]::new));
    }

    private Connection open() throws SQLException {
        return DriverManager.getConnection(TestServer.url(database) + "?ApplicationName=holder", role, "right");
    }

    private long count(String sql) {
        return TestServer.admin(database).queryForObject(sql, Long.class);
    }

    private void write(String name, String sql) {
        try {
            Files.writeString(migrations.resolve(name + ".sql"), sql);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

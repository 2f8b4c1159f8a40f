package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A failed start that an operator can fix says what is wrong, where, and what to do, without a stack trace. */
@ExtendWith(OutputCaptureExtension.class)
class StartupRefusalTest {

    @TempDir
    Path folder;

    @Test
    void without_the_right_to_create_tables(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase("postgres", "");

        refuses(output, TestServer.url(database), role, "right")
                .contains("This user lacks a right in the database " + TestServer.url(database))
                .contains("GRANT USAGE, CREATE ON SCHEMA");
    }

    @Test
    void a_schema_that_is_not_empty(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "");
        TestServer.admin(database).execute("CREATE TABLE customers (id INT)");

        refuses(output, TestServer.url(database), role, "right")
                .contains("The schema in the database " + TestServer.url(database) + " is not empty")
                .contains("it has customers.")
                .contains("Use an empty database or schema");
    }

    @Test
    void a_file_of_another_application(CapturedOutput output) {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry") + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        JdbcTemplate jdbc = new JdbcTemplate(new DriverManagerDataSource(url, "sa", ""));
        IntStream.rangeClosed(1, 6).forEach(n -> jdbc.execute("CREATE TABLE customers_" + n + " (id INT)"));

        refuses(output, url + ";WRITE_DELAY=0", "sa", "")
                .contains("it has customers_1, customers_2, customers_3, customers_4, customers_5 and more.");
    }

    @Test
    void another_applications_history(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "");
        migrate(TestServer.url(database), role, "V2019.01__create_customers", "CREATE TABLE customers (id INT);");

        refuses(output, TestServer.url(database), role, "right")
                .contains("has the Flyway history of another application, or of this service before its first release")
                .contains("it begins with V2019.01, create customers.")
                .contains("Use an empty database or schema");
    }

    @Test
    void an_address_that_is_none(CapturedOutput output) {
        refuses(output, "jdbc:postgresql://127.0.0.1:port/registry?password=secret", "registry", "right")
                .contains("spring.datasource.url, jdbc:postgresql://127.0.0.1:port/registry, is not an address")
                .doesNotContain("password=secret");
    }

    /** The driver would take a user for a part of the host, and warn of the others with the whole URL. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "//registry:S3CRET@127.0.0.1:1/registry",
                "//registry:S3CRET@127.0.0.1/registry",
                "//registry:S3/CRET@127.0.0.1",
                "//registry:S3CRET?@127.0.0.1/registry",
                "registry:S3CRET@127.0.0.1",
                "//127.0.0.1:1?user=u&password=S3CRET"
            })
    void a_url_with_a_user_or_without_a_database(String rest, CapturedOutput output) {
        String url = "jdbc:postgresql:" + rest;

        refuses(output, url, "registry", "right")
                .contains("has a user before its host (USER:PASSWORD@HOST), or no database after it")
                .doesNotContain("S3", "CRET");
        assertPoolSentence(output, url).doesNotContain("S3", "CRET");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://127.0.0.1:1/registry/more?password=S3CRET",
                "mysql://root:S3CRET@127.0.0.1/registry",
                "mysql://root:S3/CRET@127.0.0.1/registry"
            })
    void another_url_with_a_password(String rest, CapturedOutput output) {
        refuses(output, "jdbc:" + rest, "root", "").contains("127.0.0.1").doesNotContain("S3", "CRET");
    }

    @Test
    void a_file_of_a_build_before_the_first_release(CapturedOutput output) {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry") + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        migrate(url, "sa", "V1__of_old", "CREATE TABLE outbox_message (id INT);");

        refuses(output, url + ";WRITE_DELAY=0", "sa", "")
                .contains("or of this service before its first release; it begins with V1, of old.")
                .contains("Use an empty database or schema");
    }

    @Test
    void a_migration_that_failed_in_the_middle(CapturedOutput output) {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry") + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        write("V1__half", "CREATE TABLE half (id INT); CREATE TABLE half (id INT);");
        assertThat(catchThrowable(() -> migrate(url, "sa"))).isNotNull();

        refuses(output, url + ";WRITE_DELAY=0", "sa", "", "--spring.flyway.locations=filesystem:" + folder)
                .contains("A migration of the database jdbc:h2:file:" + folder.resolve("data/registry")
                        + " failed in the middle")
                .contains("Restore the database from a backup");
    }

    /** H2 commits each statement, and Flyway had no time to write down that it failed. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE half (id INT);",
                "CREATE INDEX half ON model (id);",
                "ALTER TABLE model ADD COLUMN half INT;"
            })
    void a_migration_that_was_killed_in_the_middle(String statement, CapturedOutput output) throws IOException {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry") + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        migrate(url, "sa", "V1__model", "CREATE TABLE model (id INT);");
        write("V2__half", statement);
        migrate(url, "sa");
        new JdbcTemplate(new DriverManagerDataSource(url, "sa", ""))
                .update("DELETE FROM \"flyway_schema_history\" WHERE \"version\" = '2'");

        refuses(output, url + ";WRITE_DELAY=0", "sa", "", "--spring.flyway.locations=filesystem:" + folder)
                .contains("A migration of the database jdbc:h2:file:" + folder.resolve("data/registry")
                        + " failed in the middle")
                .contains("Restore the database from a backup");
    }

    @ParameterizedTest
    @ValueSource(strings = {"LATIN1", "SQL_ASCII"})
    void an_encoding_that_cannot_hold_every_text(String encoding, CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "ENCODING '" + encoding + "' LOCALE 'C'");

        refuses(output, TestServer.url(database), role, "right")
                .contains("The database " + TestServer.url(database) + " has the encoding " + encoding)
                .contains("CREATE DATABASE ... ENCODING 'UTF8'");
    }

    /** A regular file in the folder's place: nobody can write into it, whoever runs the test. */
    @Test
    void a_folder_that_cannot_be_written(CapturedOutput output) throws IOException {
        Files.createFile(folder.resolve("data"));
        String url = "jdbc:h2:file:" + folder.resolve("data/registry");

        refuses(output, url + ";WRITE_DELAY=0", "sa", "")
                .contains("The database " + url + " cannot be written: " + folder.resolve("data") + " is not a folder.")
                .contains("Make it a folder that this user can write");
    }

    @Test
    void a_file_that_can_only_be_read(CapturedOutput output) {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry");
        migrate(url, "sa");

        refuses(output, url + ";ACCESS_MODE_DATA=r", "sa", "")
                .contains("The database " + url + " can only be read")
                .contains("Give that user the right to write it");
    }

    @Test
    void a_file_that_another_process_uses(CapturedOutput output) throws IOException {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry");
        migrate(url, "sa");
        try (FileChannel file = FileChannel.open(folder.resolve("data/registry.mv.db"), StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            assertThat(lock.isValid()).isTrue();

            refuses(output, url + ";WRITE_DELAY=0", "sa", "")
                    .contains("The database " + url + " is in use by another process")
                    .contains("Stop that process, or put AUTO_SERVER=TRUE into the URL of both");
        }
    }

    @Test
    void another_password_of_h2(CapturedOutput output) {
        String url = "jdbc:h2:file:" + folder.resolve("data/registry");
        migrate(url, "sa");

        refuses(output, url, "sa", "secret-1")
                .contains("The database " + url + " does not accept this user or password")
                .contains("Correct spring.datasource.username and spring.datasource.password")
                .doesNotContain("secret-1");
    }

    @Test
    void another_password_of_postgresql(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "");
        TestServer.requirePassword(role);

        refuses(output, TestServer.url(database) + "?password=secret-2", role, "secret-1")
                .contains("The database " + TestServer.url(database) + " does not accept this user or password")
                .doesNotContain("secret-1", "secret-2");
    }

    @Test
    void a_database_that_is_not_there(CapturedOutput output) {
        refuses(output, TestServer.url("nothing"), "postgres", "")
                .contains("The database " + TestServer.url("nothing") + " does not exist on its server");
    }

    @Test
    void a_server_that_is_not_there(CapturedOutput output) {
        String url = "jdbc:postgresql://127.0.0.1:" + TestRedis.freePort() + "/registry";

        refuses(output, url, "postgres", "")
                .contains("The database " + url + " cannot be reached, or refuses the connection")
                .contains("Check host and port in spring.datasource.url");
    }

    /** The URL of the pool could be reached. */
    @Test
    void a_server_for_the_migrations_that_is_not_there(CapturedOutput output) {
        String url = "jdbc:postgresql://127.0.0.1:" + TestRedis.freePort() + "/registry";

        refuses(output, "jdbc:h2:mem:there", "sa", "", "--spring.flyway.url=" + url)
                .contains("The database " + url + " cannot be reached, or refuses the connection")
                .doesNotContain("jdbc:h2:mem:there");
    }

    @Test
    void a_database_that_there_is_no_driver_for(CapturedOutput output) {
        refuses(output, "jdbc:mysql://127.0.0.1/registry?user=root&password=geheim", "root", "")
                .contains("There is no driver for spring.datasource.url, jdbc:mysql://127.0.0.1/registry.")
                .doesNotContain("geheim");
    }

    /** Nothing is tried twice there, and there is no session to end by SQL. */
    @Test
    void an_h2_that_another_process_is_migrating(CapturedOutput output) throws SQLException {
        String url = "jdbc:h2:mem:migrating;DB_CLOSE_DELAY=-1;LOCK_TIMEOUT=100";
        Flyway.configure().dataSource(url, "sa", "").baselineVersion("0").load().baseline();
        try (Connection other = DriverManager.getConnection(url, "sa", "")) {
            other.setAutoCommit(false);
            other.createStatement().executeQuery("SELECT * FROM \"flyway_schema_history\" FOR UPDATE");

            refuses(output, url, "sa", "")
                    .contains("jdbc:h2:mem:migrating did not get a lock: another process uses this file")
                    .doesNotContain("tries");
        }
    }

    @Test
    void a_database_that_is_behind_and_refuses_writes(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "");
        Flyway.configure()
                .dataSource(TestServer.url(database), role, "")
                .baselineVersion("0")
                .load()
                .baseline();
        TestServer.admin(database).execute("ALTER DATABASE " + database + " SET default_transaction_read_only = on");

        refuses(output, TestServer.url(database), role, "right")
                .contains("The database " + TestServer.url(database) + " refuses writes")
                .contains("targetServerType=primary");
    }

    /** After the migrations: here they lead somewhere else. */
    @Test
    void a_pool_that_cannot_connect(CapturedOutput output) {
        String url = "jdbc:postgresql://127.0.0.1:" + TestRedis.freePort() + "/registry";
        assertPoolSentence(output, url)
                .contains("The database " + url + " cannot be reached, or refuses the connection");
    }

    @Test
    void commits_that_a_crash_could_lose(CapturedOutput output) {
        String role = TestServer.newRole();
        String database = TestServer.newDatabase(role, "");

        assertSentence(
                        output,
                        "--spring.datasource.url=" + TestServer.url(database),
                        "--spring.datasource.username=" + role,
                        "--spring.datasource.hikari.connection-init-sql=SET synchronous_commit = off",
                        "--server.port=0")
                .contains("PostgreSQL runs with synchronous_commit=off for this service")
                .contains("Remove what sets it");
    }

    @Test
    void commits_that_a_kill_could_lose(CapturedOutput output) {
        assertSentence(
                        output,
                        "--spring.datasource.url=jdbc:h2:file:" + folder.resolve("data/registry")
                                + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;WRITE_DELAY=500",
                        "--server.port=0")
                .contains("spring.datasource.url has WRITE_DELAY=500 (ms)")
                .contains("Put WRITE_DELAY=0 into the URL");
    }

    @Test
    void a_wish_for_migrations_alone_that_is_neither_yes_nor_no(CapturedOutput output) {
        assertSentence(
                        output,
                        "--registry.migrate-only=maybe",
                        "--spring.datasource.url=jdbc:h2:mem:maybe;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;WRITE_DELAY=0",
                        "--server.port=0")
                .contains("registry.migrate-only is maybe, which is neither true nor false.");
    }

    @ParameterizedTest
    @CsvSource({
        "400, 400, '', 'at least 418, or max-concurrent-requests to at most 382.'",
        "150, 100, '', 'at least 168, or max-concurrent-requests to at most 82.'",
        "183, 400, 'http://127.0.0.1:1', 'at least 402, or max-concurrent-requests to at most 182.'",
        "1, 18, '', 'at least 19.'",
    })
    void more_registrations_at_once_than_leave_threads_for_health(
            String requests, String threads, String authService, String mend, CapturedOutput output) {
        assertSentence(
                        output,
                        "--spring.datasource.url=jdbc:h2:mem:threads;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;WRITE_DELAY=0",
                        "--spring.threads.virtual.enabled=false",
                        "--registry.security.auth-service.url=" + authService,
                        "--registry.registration.max-concurrent-requests=" + requests,
                        "--server.tomcat.threads.max=" + threads,
                        "--server.port=0")
                .contains("registry.registration.max-concurrent-requests is " + requests
                        + " and server.tomcat.threads.max is " + threads)
                .contains("Set server.tomcat.threads.max to " + mend);
    }

    @Test
    void a_queue_that_takes_smaller_elements_than_registrations_make(CapturedOutput output) {
        assertSentence(
                        output,
                        "--spring.datasource.url=jdbc:h2:mem:sizes;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;WRITE_DELAY=0",
                        "--registry.queue.max-element-size=256KB",
                        "--server.port=0")
                .contains("registry.queue.max-element-size is 256KB and registry.registration.max-payload is 256KB")
                .contains("Set max-element-size to at least 257KB, or lower max-payload.");
    }

    /** Nothing that an operator could mend: whoever wrote the migration needs to see all of it. */
    @Test
    void a_mistake_in_a_migration_keeps_its_stack_trace(CapturedOutput output) {
        write("V1__mistake", "SELECT 1 FROM nothing;");

        assertThat(catchThrowable(() -> RegistrationOutboxApplication.main(new String[] {
                    "--registry.migrate-only",
                    "--spring.datasource.url=jdbc:h2:mem:mistake",
                    "--spring.flyway.locations=filesystem:" + folder
                })))
                .isNotNull();

        assertThat(output.getAll()).contains("\tat org.flywaydb.core");
    }

    private static org.assertj.core.api.AbstractStringAssert<?> refuses(
            CapturedOutput output, String url, String user, String password, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--registry.migrate-only",
                "--spring.datasource.url=" + url,
                "--spring.datasource.username=" + user,
                "--spring.datasource.password=" + password));
        arguments.addAll(List.of(more));
        return assertSentence(output, arguments.toArray(String[]::new));
    }

    /** On what start-up prints if the pool uses this URL, and the migrations lead somewhere else. */
    private static org.assertj.core.api.AbstractStringAssert<?> assertPoolSentence(CapturedOutput output, String url) {
        return assertSentence(
                output,
                "--spring.datasource.url=" + url,
                "--spring.flyway.url=jdbc:h2:mem:elsewhere;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE",
                "--spring.flyway.user=sa",
                "--spring.flyway.password=",
                "--server.port=0");
    }

    /** On what start-up prints, which is no stack trace. */
    private static org.assertj.core.api.AbstractStringAssert<?> assertSentence(
            CapturedOutput output, String... arguments) {
        assertThat(catchThrowable(() -> RegistrationOutboxApplication.main(arguments)))
                .as("start-up fails")
                .isNotNull();
        return assertThat(output.getAll())
                .contains("APPLICATION FAILED TO START")
                .doesNotContain("\tat ");
    }

    private void migrate(String url, String user, String name, String sql) {
        write(name, sql);
        migrate(url, user);
    }

    /** With the migrations that the test has written, if any. */
    private void migrate(String url, String user) {
        new JdbcTemplate(new DriverManagerDataSource(url, user, "")).execute("SELECT 1");
        Flyway.configure()
                .dataSource(url, user, "")
                .locations("filesystem:" + folder)
                .load()
                .migrate();
    }

    private void write(String name, String sql) {
        try {
            Files.writeString(folder.resolve(name + ".sql"), sql);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

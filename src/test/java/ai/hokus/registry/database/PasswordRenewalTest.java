package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.SecretFile;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;

/** Which password is used with a real PostgreSQL while the file and the server have different ones. */
@ExtendWith(OutputCaptureExtension.class)
class PasswordRenewalTest {

    private static final String REFUSED = "does not accept the password that VARIABLE holds";

    @TempDir
    private Path folder;

    private Path file;
    private SecretFile secret;
    private String role;
    private HikariDataSource pool;
    private PasswordRenewal renewal;

    @BeforeEach
    void connect() throws IOException {
        role = TestServer.newRole();
        TestServer.requirePassword(role);
        file = Files.writeString(folder.resolve("password"), "right\n");
        secret = new SecretFile("VARIABLE", file.toString());
        DatabaseLogin login = new DatabaseLogin(role, secret.require(), secret);
        pool = new HikariDataSource();
        pool.setJdbcUrl(TestServer.url("postgres"));
        pool.setMaximumPoolSize(1);
        new PoolSetup(() -> login).postProcessBeforeInitialization(pool, "dataSource");
        renewal = new PasswordRenewal(login, pool);
        backend();
    }

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void what_the_file_holds_is_used_from_when_the_server_accepts_it(CapturedOutput output) throws IOException {
        int before = backend();
        Files.writeString(file, "second");
        look();
        look();
        assertThat(backend()).isEqualTo(before);
        assertThat(output.getAll()).containsOnlyOnce(REFUSED);

        admin().execute("ALTER ROLE " + role + " PASSWORD 'second'");
        look();

        assertThat(backend()).isNotEqualTo(before);
        assertThat(output.getAll()).doesNotContain("second");
    }

    @Test
    void a_new_connection_has_the_password_of_before_until_then() throws IOException {
        Files.writeString(file, "second");
        look();
        int before = backend();
        admin().execute("SELECT pg_terminate_backend(" + before + ")");
        pool.getHikariPoolMXBean().softEvictConnections();

        assertThat(backend()).isNotEqualTo(before);
    }

    @Test
    void the_first_connection_has_the_password_of_now_when_that_of_the_start_is_refused() throws IOException {
        Files.writeString(file, "second");
        admin().execute("ALTER ROLE " + role + " PASSWORD 'second'");
        pool.getHikariPoolMXBean().softEvictConnections();

        assertThat(backend()).isPositive();
    }

    @Test
    void a_new_password_is_accepted_when_it_opens_a_connection_itself() throws IOException {
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "second");

        renewal.look(new SecretFile("VARIABLE", elsewhere.toString()), pool);

        assertThat(pool.getCredentials().getPassword()).isEqualTo("right");
    }

    @Test
    void a_file_that_is_away_or_empty_changes_nothing(CapturedOutput output) throws IOException {
        int before = backend();
        Files.writeString(file, "");
        look();
        Files.delete(file);
        look();

        assertThat(backend()).isEqualTo(before);
        assertThat(output.getAll()).doesNotContain("VARIABLE");
    }

    @Test
    void a_server_that_is_away_says_nothing_about_passwords(CapturedOutput output) throws IOException {
        Files.writeString(file, "second");
        try (HikariDataSource away = new HikariDataSource()) {
            away.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + TestRedis.freePort() + "/postgres");
            new PoolSetup(() -> new DatabaseLogin(role, "right", null))
                    .postProcessBeforeInitialization(away, "dataSource");
            renewal.look(secret, away);
        }

        assertThat(output.getAll()).doesNotContain("VARIABLE");
    }

    @Test
    void a_login_shows_no_password() {
        assertThat(new DatabaseLogin("ada", "hunter2", null).toString()).doesNotContain("hunter2");
    }

    private void look() {
        renewal.look(secret, pool);
    }

    private int backend() {
        return new JdbcTemplate(pool).queryForObject("SELECT pg_backend_pid()", Integer.class);
    }

    private static JdbcTemplate admin() {
        return TestServer.admin("postgres");
    }
}

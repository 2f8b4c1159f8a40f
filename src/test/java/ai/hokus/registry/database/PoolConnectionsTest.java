package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.SecretFile;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;

/** Which password is used with a real PostgreSQL while the file and the server have different ones. */
@ExtendWith(OutputCaptureExtension.class)
class PoolConnectionsTest {

    private static final String ACCEPTED = "refused the previous password and accepts the one that its file holds now";

    @TempDir
    private Path folder;

    private Path file;
    private String role;
    private HikariDataSource pool;

    private final Logger logger = (Logger) LoggerFactory.getLogger(PoolConnections.class);

    @BeforeEach
    void connect() throws IOException {
        logger.setLevel(Level.INFO);
        role = TestServer.newRole();
        TestServer.requirePassword(role);
        file = Files.writeString(folder.resolve("password"), "right\n");
        SecretFile secret = new SecretFile("VARIABLE", file.toString());
        DatabaseLogin login = new DatabaseLogin(role, secret.require(), secret);
        pool = new HikariDataSource();
        pool.setJdbcUrl(TestServer.url("postgres"));
        pool.setMaximumPoolSize(1);
        new PoolSetup(() -> login).postProcessBeforeInitialization(pool, "dataSource");
        backend();
    }

    @AfterEach
    void close() {
        logger.setLevel(null);
        pool.close();
    }

    @Test
    void a_new_connection_has_the_password_of_before_until_the_server_refuses_it(CapturedOutput output)
            throws IOException {
        Files.writeString(file, "second");
        int before = backend();
        admin().execute("SELECT pg_terminate_backend(" + before + ")");
        pool.getHikariPoolMXBean().softEvictConnections();

        assertThat(backend()).isNotEqualTo(before);
        assertThat(output.getAll()).doesNotContain(ACCEPTED);
    }

    @Test
    void the_first_connection_has_the_password_of_now_when_that_of_the_start_is_refused() throws IOException {
        change("second");
        pool.getHikariPoolMXBean().softEvictConnections();

        assertThat(backend()).isPositive();
    }

    @Test
    void the_password_that_was_accepted_last_is_used_until_it_is_refused_too(CapturedOutput output) throws Exception {
        for (String password : List.of("second", "third")) {
            change(password);
            IntStream.range(0, 16).parallel().forEach(n -> connectDirectly());
        }
        Files.delete(file);

        connectDirectly();
        assertThat(output.getAll().split(ACCEPTED, -1))
                .as("one line for each change")
                .hasSize(3);
        assertThat(output.getAll()).doesNotContain("second", "third");
    }

    @Test
    void a_file_that_holds_a_wrong_password_is_in_the_log_while_open_connections_go_on(CapturedOutput output)
            throws IOException {
        Files.writeString(file, "mistyped");
        admin().execute("ALTER ROLE " + role + " PASSWORD 'second'");

        assertThatThrownBy(() -> pool.getDataSource().getConnection(role, "right"))
                .isInstanceOf(SQLException.class);

        assertThat(output.getAll())
                .contains("The database refuses a new connection", "Correct the password")
                .doesNotContain("mistyped");
        assertThat(backend()).isPositive();
    }

    @Test
    void a_login_shows_no_password() {
        assertThat(new DatabaseLogin("ada", "hunter2", null).toString()).doesNotContain("hunter2");
    }

    private void change(String password) throws IOException {
        Files.writeString(file, password);
        admin().execute("ALTER ROLE " + role + " PASSWORD '" + password + "'");
    }

    /** As the pool does when it needs one more. */
    private void connectDirectly() {
        try {
            pool.getDataSource().getConnection(role, "right").close();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private int backend() {
        return new JdbcTemplate(pool).queryForObject("SELECT pg_backend_pid()", Integer.class);
    }

    private static JdbcTemplate admin() {
        return TestServer.admin("postgres");
    }
}

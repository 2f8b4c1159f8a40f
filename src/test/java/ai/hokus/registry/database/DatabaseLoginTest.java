package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.registry.SecretFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which password a connection is opened with while file and server do not agree. */
class DatabaseLoginTest {

    private static final Connection CONNECTION = (Connection) Proxy.newProxyInstance(
            DatabaseLoginTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> null);

    @TempDir
    private Path folder;

    private Path file;
    private DatabaseLogin login;
    private String right = "first";
    private final List<String> tried = new ArrayList<>();

    @BeforeEach
    void first_connection() throws IOException, SQLException {
        file = Files.writeString(folder.resolve("password"), "first\n");
        login = DatabaseLogin.withPasswordFile("ada", "VARIABLE", new SecretFile(file.toString()));
        assertThat(connect()).containsExactly("first");
        tried.clear();
    }

    @Test
    void what_the_file_holds_comes_first() throws IOException, SQLException {
        Files.writeString(file, "second");
        right = "second";

        assertThat(login.hasNews()).isTrue();
        assertThat(connect()).containsExactly("second");
        assertThat(login.hasNews()).isFalse();
        assertThat(login.isOutdated("first")).isTrue();
        assertThat(login.isOutdated("second")).isFalse();
    }

    @Test
    void what_was_accepted_last_is_used_until_the_server_follows() throws IOException, SQLException {
        Files.writeString(file, "second");

        assertThat(connect()).containsExactly("second", "first");
        assertThat(login.isOutdated("first")).isFalse();
        right = "second";
        assertThat(connect()).containsExactly("second");
    }

    @Test
    void a_file_that_is_away_or_empty_changes_nothing() throws IOException, SQLException {
        Files.writeString(file, "");
        assertThat(connect()).containsExactly("first");
        Files.delete(file);
        assertThat(connect()).containsExactly("first");
        assertThat(login.hasNews()).isFalse();
    }

    /** The file changes while the server answers: it is read once more. */
    @Test
    void a_refusal_has_the_file_read_again() throws SQLException {
        right = "second";

        login.connect((username, password) -> {
            write("second");
            return open(username, password);
        });

        assertThat(tried).containsExactly("first", "second");
        assertThat(login.isOutdated("second")).isFalse();
    }

    @Test
    void a_refusal_of_all_there_is_is_passed_on() {
        right = "third";
        assertThat(catchThrowable(this::connect)).hasMessage("refused");
        assertThat(tried).containsExactly("first");
    }

    @Test
    void another_failure_has_nothing_to_do_with_passwords() throws IOException {
        Files.writeString(file, "second");
        assertThat(catchThrowable(() -> login.connect((username, password) -> {
                    tried.add(password);
                    throw new SQLException("away", "08001");
                })))
                .hasMessage("away");
        assertThat(tried).containsExactly("second");
    }

    @Test
    void another_user_has_the_same_password() throws SQLException {
        DatabaseLogin owner = login.with("owner", null);
        owner.connect((username, password) -> {
            assertThat(username).isEqualTo("owner");
            assertThat(password).isEqualTo("first");
            return CONNECTION;
        });
        assertThat(login.with(null, null)).isSameAs(login);
        assertThat(login.with("owner", "own").hasFile()).isFalse();
    }

    private List<String> connect() throws SQLException {
        tried.clear();
        login.connect(this::open);
        return List.copyOf(tried);
    }

    private Connection open(String username, String password) throws SQLException {
        tried.add(password);
        if (!right.equals(password)) {
            throw new SQLException("refused", "28P01");
        }
        return CONNECTION;
    }

    private void write(String password) {
        try {
            Files.writeString(file, password);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

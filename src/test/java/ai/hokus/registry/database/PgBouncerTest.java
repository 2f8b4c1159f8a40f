package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;

/** The whole service behind PgBouncer in transaction mode, with a role whose own settings would lose registrations. */
class PgBouncerTest {

    private static final int CLIENTS = 8;
    private static final int REGISTRATIONS_EACH = 25;

    @TempDir
    Path folder;

    private String role;
    private String database;
    private PgBouncer bouncer;

    @BeforeEach
    void start() {
        role = TestServer.newRole();
        database = TestServer.newDatabase(role, "");
        for (String setting : List.of(
                "synchronous_commit = off",
                "default_transaction_isolation = 'repeatable read'",
                "lock_timeout = '77s'",
                "idle_in_transaction_session_timeout = '78s'",
                "jit = on",
                "enable_seqscan = on",
                "enable_bitmapscan = on")) {
            TestServer.admin(database).execute("ALTER ROLE " + role + " SET " + setting);
        }
        bouncer = PgBouncer.start(folder, role);
    }

    @AfterEach
    void stop() {
        if (bouncer != null) { // null: skipped
            bouncer.close();
        }
    }

    @Test
    void every_transaction_is_durable_whichever_server_connection_it_runs_on() {
        try (RunningService service = service()) {
            JdbcTemplate admin = TestServer.admin(database);
            recordSettingsOfRegistrations(admin);

            registerFromManyClients(service);

            int registrations = CLIENTS * REGISTRATIONS_EACH;
            assertThat(admin.queryForObject("SELECT count(*) FROM registration", Integer.class))
                    .isEqualTo(registrations);
            assertThat(admin.queryForList("SELECT DISTINCT settings FROM others.seen", String.class))
                    .containsExactly("on, read committed, 2s, 5s, off, off, off");
            assertThat(service.get("/ready").statusCode()).isEqualTo(200);
        }
    }

    /** Other clients of the pooler get the same server connections. */
    @Test
    void nothing_of_the_service_stays_behind_on_a_server_connection() throws SQLException {
        try (RunningService service = service()) {
            registerFromManyClients(service);
        }

        assertThat(settingsOfEveryServerConnection()).containsExactly("off, repeatable read, 77s, 78s, on, on, on, 0");
    }

    @Test
    void a_direct_connection_keeps_its_prepared_statements_and_gets_its_settings_once() throws SQLException {
        try (RunningService service = RunningService.on(TestDatabase.POSTGRESQL, settings(TestServer.url(database)));
                Connection connection = service.bean(javax.sql.DataSource.class).getConnection();
                Statement statement = connection.createStatement()) {
            assertThat(PostgresSession.isPooled(connection)).isFalse();
            for (int n = 0; n < 10; n++) {
                try (var prepared = connection.prepareStatement("SELECT 'kept'")) {
                    prepared.executeQuery().close();
                }
            }

            assertThat(first(
                            statement, "SELECT count(*) > 0 FROM pg_prepared_statements WHERE statement LIKE '%kept%'"))
                    .isEqualTo("t");
            assertThat(first(statement, SETTINGS)).startsWith("on, read committed, 2s, 5s, off, off, off, ");
        }
    }

    private static final String SETTINGS = """
            SELECT concat_ws(', ', current_setting('synchronous_commit'), current_setting('transaction_isolation'),
                             current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'),
                             current_setting('jit'), current_setting('enable_seqscan'),
                             current_setting('enable_bitmapscan'),
                             (SELECT count(*) FROM pg_prepared_statements))
            """;

    private static void recordSettingsOfRegistrations(JdbcTemplate admin) {
        admin.execute("""
                CREATE SCHEMA others;
                CREATE TABLE others.seen (settings TEXT);
                CREATE FUNCTION others.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                BEGIN
                    INSERT INTO others.seen SELECT concat_ws(', ', current_setting('synchronous_commit'),
                        current_setting('transaction_isolation'), current_setting('lock_timeout'),
                        current_setting('idle_in_transaction_session_timeout'), current_setting('jit'),
                        current_setting('enable_seqscan'), current_setting('enable_bitmapscan'));
                    RETURN NEW;
                END $$;
                CREATE TRIGGER see BEFORE INSERT ON registration FOR EACH ROW EXECUTE FUNCTION others.see();
                """);
    }

    /** More clients than server connections, and each statement often enough to be prepared on a server. */
    private static void registerFromManyClients(RunningService service) {
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            String model = "model-" + client;
            clients.add(CompletableFuture.runAsync(() -> {
                for (int version = 0; version < REGISTRATIONS_EACH; version++) {
                    service.register(model, Integer.toString(version));
                }
            }));
        }
        clients.forEach(CompletableFuture::join);
    }

    /** As many transactions at once as the pooler has server connections. */
    private Set<String> settingsOfEveryServerConnection() throws SQLException {
        Set<String> settings = new LinkedHashSet<>();
        Set<String> backends = new LinkedHashSet<>();
        List<Connection> open = new ArrayList<>();
        try {
            for (int n = 0; n < PgBouncer.POOL_SIZE; n++) {
                Connection connection =
                        DriverManager.getConnection(bouncer.url(database) + "?prepareThreshold=0", role, "right");
                open.add(connection);
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement()) {
                    settings.add(first(statement, SETTINGS));
                    backends.add(first(statement, "SELECT pg_backend_pid()"));
                }
            }
        } finally {
            for (Connection connection : open) {
                connection.close();
            }
        }
        assertThat(backends).hasSize(PgBouncer.POOL_SIZE);
        return settings;
    }

    private static String first(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private RunningService service() {
        return RunningService.on(TestDatabase.POSTGRESQL, settings(bouncer.url(database)));
    }

    private Map<String, String> settings(String url) {
        return Map.of(
                "spring.datasource.url",
                url,
                "spring.datasource.username",
                role,
                "spring.datasource.password",
                "right",
                "registry.registration.group-commit-writers",
                "4");
    }
}

package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.databind.json.JsonMapper;

/** The passwords of a real PostgreSQL and a real Redis change while clients register. Nothing that was accepted is lost. */
@ExtendWith(OutputCaptureExtension.class)
class SecretRotationTest {

    private static final String FIRST = "s3cret-one ${HOME}%41'\\";
    private static final String SECOND = "s3cret-two:/?&@#é";
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    private Path folder;

    private Path databasePassword;
    private Path redisPassword;
    private String role;
    private JdbcTemplate admin;
    private TestRedis redis;
    private RedisConnection operator;
    private RunningService service;
    private Load load;

    @BeforeEach
    void start() throws IOException {
        databasePassword = Files.writeString(folder.resolve("database"), FIRST + "\n");
        redisPassword = Files.writeString(folder.resolve("redis"), "s3cret-first\n");
        redis = TestRedis.start("requirepass s3cret-first");
        operator = redis.connect();
        operator.command("AUTH", "s3cret-first");
        role = TestServer.newRole();
        TestServer.requirePassword(role);
        String database = TestServer.newDatabase(role, "");
        admin = TestServer.admin("postgres");
        changeRole(FIRST);
        service = RunningService.on(
                TestDatabase.POSTGRESQL,
                Map.of(
                        "logging.level.ai.hokus",
                        "INFO",
                        "spring.datasource.url",
                        TestServer.url(database),
                        "spring.datasource.username",
                        role,
                        "spring.datasource.password-file",
                        databasePassword.toString(),
                        "spring.datasource.hikari.maximum-pool-size",
                        "4",
                        "REDIS_URL",
                        redis.url(),
                        "REDIS_AUTH_TOKEN_FILE",
                        redisPassword.toString(),
                        "registry.status.interval",
                        "100ms",
                        "registry.relay.interval",
                        "100ms"));
        load = new Load();
        load.awaitMore(50);
    }

    @AfterEach
    void stop() {
        load.stop();
        service.close();
        operator.close();
        redis.close();
    }

    /** The server first, at once the file, as a rotation goes that nobody interrupts: no client notices. */
    @Test
    void both_change_and_no_registration_is_refused(CapturedOutput output) throws IOException {
        Set<Integer> before = backends();
        changeRole(SECOND);
        replace(databasePassword, SECOND + "\n");
        // As each connection is, half an hour after it was opened.
        service.bean(HikariDataSource.class).getHikariPoolMXBean().softEvictConnections();
        Eventually.await("the database's connections are renewed", () -> Collections.disjoint(before, backends()));
        operator.command("ACL", "SETUSER", "default", ">s3cret-second");
        replace(redisPassword, "s3cret-second");
        Eventually.await(
                "Redis' connections are renewed", () -> output.getAll().contains("REDIS_AUTH_TOKEN_FILE holds"));
        operator.command("ACL", "SETUSER", "default", "<s3cret-first");
        load.awaitMore(50);

        assertThat(load.refused).isEmpty();
        assertNothingLost();
        assertThat(output.getAll())
                .containsOnlyOnce(
                        "The database refused the previous password and accepts the one that its file holds now")
                .doesNotContain("s3cret");
    }

    @Test
    void the_file_changes_first(CapturedOutput output) throws IOException {
        replace(databasePassword, SECOND);
        dropConnections();
        load.awaitMore(50);

        changeRole(SECOND);
        dropConnections();
        load.awaitMore(50);
        assertNothingLost();
        assertThat(output.getAll()).doesNotContain("s3cret");
    }

    @Test
    void the_server_changes_first_and_drops_its_clients(CapturedOutput output) throws IOException {
        changeRole(SECOND);
        dropConnections();
        Eventually.await("it is noticed", () -> service.get("/ready").statusCode() == 503);
        assertThat(service.get("/health").statusCode()).isEqualTo(503);
        replace(databasePassword, SECOND);
        Eventually.await("it is well again", () -> service.get("/ready").statusCode() == 200);

        load.awaitMore(50);
        assertNothingLost();
        assertThat(output.getAll()).doesNotContain("s3cret");
    }

    private void changeRole(String password) {
        admin.execute("ALTER ROLE " + role + " PASSWORD '" + password.replace("'", "''") + "'");
    }

    private void dropConnections() {
        admin.queryForList("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'");
    }

    private Set<Integer> backends() {
        return new HashSet<>(
                admin.queryForList("SELECT pid FROM pg_stat_activity WHERE usename = '" + role + "'", Integer.class));
    }

    private void replace(Path file, String content) throws IOException {
        Path fresh = Files.writeString(folder.resolve("fresh"), content);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Everything that was accepted is in the queue, once. What was in doubt when its connection broke may be there too. */
    private void assertNothingLost() {
        load.stop();
        Eventually.await("everything is delivered", () -> delivered().containsAll(load.accepted), load::summary);
        assertThat(delivered()).doesNotHaveDuplicates();
    }

    private List<String> delivered() {
        List<String> models = new ArrayList<>();
        for (String element : operator.texts("LRANGE", "hokusai:model_ready_queue", "0", "-1")) {
            models.add(JSON.readTree(element).at("/payload/model_name").stringValue());
        }
        return models;
    }

    /** Registers one model after the other. */
    private final class Load {

        private final Set<String> accepted = ConcurrentHashMap.newKeySet();
        private final Set<Integer> refused = ConcurrentHashMap.newKeySet();
        private final AtomicInteger numbers = new AtomicInteger();
        private final List<Thread> clients = IntStream.range(0, 4)
                .mapToObj(n -> new Thread(this::register, "client-" + n))
                .toList();
        private volatile boolean stopping;

        Load() {
            clients.forEach(Thread::start);
        }

        private void register() {
            while (!stopping) {
                String model = "m" + numbers.incrementAndGet();
                int status = service.post(
                                "/models/tokenized-registration-events", RunningService.registration(model, "1"))
                        .statusCode();
                if (status == 200) {
                    accepted.add(model);
                } else {
                    refused.add(status);
                }
            }
        }

        void awaitMore(int registrations) {
            int from = accepted.size();
            Eventually.await(
                    registrations + " more registrations",
                    () -> accepted.size() - from >= registrations,
                    this::summary);
        }

        Object summary() {
            return accepted.size() + " accepted, refused with " + refused;
        }

        void stop() {
            stopping = true;
            for (Thread client : clients) {
                try {
                    client.join();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }
}

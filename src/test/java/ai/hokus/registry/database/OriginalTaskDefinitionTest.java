package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestRedis;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.JdbcTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The service as a process with nothing but the variables of the original's task definition, on a database that the original
 * has used, and a Redis with a password.
 */
class OriginalTaskDefinitionTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String PASSWORD = "p@ss:w/o%rd ${HOME} \\'\"?&=#";
    private static final String TOKEN = "redis-token-0123456789";

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, String> values = new HashMap<>();
    private final List<String> questions = new CopyOnWriteArrayList<>();

    @TempDir
    private Path folder;

    private TestRedis redis;
    private HttpServer authService;
    private JdbcTemplate admin;
    private String role;
    private Process service;

    @BeforeEach
    void start() throws IOException {
        redis = TestRedis.start("requirepass " + TOKEN);
        authService = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        authService.createContext("/api/v1/keys/validate", exchange -> {
            questions.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            byte[] answer = "{\"user_id\":\"ada\",\"scopes\":[\"model:write\"]}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        authService.start();
        role = TestServer.newRole();
        TestServer.requirePassword(role);
        String database = TestServer.newDatabase(role, "");
        admin = TestServer.admin(database);
        admin.execute("ALTER ROLE " + role + " PASSWORD '" + PASSWORD.replace("'", "''") + "'");
        admin.execute("CREATE TABLE alembic_version (version_num TEXT)");
        values.putAll(Map.of(
                "api.port",
                Integer.toString(TestRedis.freePort()),
                "redis.port",
                Integer.toString(redis.port()),
                "redis.password",
                TOKEN,
                "database.port",
                Integer.toString(TestServer.port()),
                "database.name",
                database,
                "database.user",
                role,
                "database.password",
                PASSWORD,
                "auth.url",
                "http://127.0.0.1:" + authService.getAddress().getPort()));
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (service != null) {
            service.destroyForcibly().waitFor();
        }
        authService.stop(0);
        redis.close();
    }

    @Test
    void works_as_it_is() throws Exception {
        startService();

        HttpResponse<String> answer = post(RunningService.registration("model", "1"));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        Eventually.await("it is in the queue", () -> elements().size() == 1, this::log);
        assertThat(JSON.readTree(elements().get(0)).at("/payload/model_id").stringValue())
                .isEqualTo("model/1/T");
        assertThat(JSON.readTree(questions.get(0)))
                .isEqualTo(JSON.readTree("{\"service_id\":\"platform\",\"client_ip\":\"127.0.0.1\"}"));
        assertThat(admin.queryForObject("SELECT count(*) FROM registration_outbox.outbox_message", Long.class))
                .isEqualTo(1);
        assertThat(admin.queryForObject("SELECT environment FROM registration_outbox.outbox", String.class))
                .isEqualTo("development");
        assertThat(folder.resolve("data")).as("the embedded database").doesNotExist();

        JsonNode version = JSON.readTree(get("/version").body());
        assertThat(version.propertyNames())
                .containsExactlyInAnyOrder("version", "build_date", "git_commit", "api_version");
        HttpResponse<String> metrics = get("/metrics");
        assertThat(metrics.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain");
        assertThat(metrics.body()).contains("\nregistry_");

        admin.execute("ALTER ROLE " + role + " NOLOGIN");
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '" + role + "'");
        Eventually.await("the database is missed", () -> get("/ready").statusCode() == 503);
        HttpResponse<String> health = get("/health");
        assertThat(health.statusCode()).as("the container check passes").isEqualTo(200);
        assertThat(JSON.readTree(health.body()).get("status").stringValue()).isEqualTo("unhealthy");

        assertThat(log()).doesNotContain(PASSWORD, TOKEN);
    }

    @Test
    void stops_the_start_where_a_variable_is_missing() throws Exception {
        values.put("database.password", "");

        service = process();

        assertThat(service.waitFor()).isEqualTo(1);
        assertThat(log())
                .contains(
                        "APPLICATION FAILED TO START",
                        "DB_HOST, DB_PORT, DB_NAME, DB_USER are set, but DB_PASSWORD is not")
                .doesNotContain("\tat ");
        assertThat(folder.resolve("data")).doesNotExist();
    }

    /** As docs/deployment.md has it; this server speaks no TLS. */
    @Test
    void certificates_can_be_asked_for() throws Exception {
        service = process("SPRING_DATASOURCE_HIKARI_DATASOURCEPROPERTIES_SSLMODE", "verify-full");

        assertThat(service.waitFor()).isEqualTo(1);
        assertThat(log())
                .contains("APPLICATION FAILED TO START", "does not support SSL")
                .doesNotContain("\tat ");
    }

    private void startService() throws IOException {
        service = process();
        Eventually.await(
                "it serves",
                () -> {
                    if (!service.isAlive()) {
                        throw new AssertionError(log());
                    }
                    return isServing();
                },
                this::log);
    }

    private boolean isServing() {
        try {
            return get("/health").statusCode() == 200;
        } catch (UncheckedIOException notYet) {
            return false;
        }
    }

    /** In a folder of its own, with the file's variables, and more ones: name, value, name, value. */
    private Process process(String... more) throws IOException {
        List<String> command = List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                RegistrationOutboxApplication.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment().clear();
        for (String line : Files.readAllLines(Path.of("src/test/resources/original-task.env"))) {
            if (!line.startsWith("#")) {
                String value = line.substring(line.indexOf('=') + 1);
                builder.environment()
                        .put(
                                line.substring(0, line.indexOf('=')),
                                value.startsWith("{") ? values.get(value.substring(1, value.length() - 1)) : value);
            }
        }
        for (int i = 0; i < more.length; i += 2) {
            builder.environment().put(more[i], more[i + 1]);
        }
        return builder.start();
    }

    private HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(uri(path)));
    }

    private HttpResponse<String> post(String json) {
        return send(HttpRequest.newBuilder(uri("/models/tokenized-registration-events"))
                .header("Authorization", "Bearer a-key")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + values.get("api.port") + path);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private List<String> elements() {
        try (var connection = redis.connect()) {
            connection.command("AUTH", TOKEN);
            return new ArrayList<>(connection.texts("LRANGE", "hokusai:model_ready_queue", "0", "-1"));
        }
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Absolute: the process runs in another folder. */
    private static String classPath() {
        return List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .split(File.pathSeparator))
                .stream()
                .filter(entry -> !entry.contains("test-classes"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}

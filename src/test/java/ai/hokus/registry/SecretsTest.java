package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Passwords and tokens are in no log line, on no actuator page and in no exception, whatever goes wrong. */
@ExtendWith(OutputCaptureExtension.class)
class SecretsTest {

    private static final JsonMapper JSON = new JsonMapper();

    private static final String REDIS_SECRET = "redis-s3cret-0f5b";
    private static final String DATABASE_SECRET = "database-s3cret-77aa";
    private static final String WHAT_SECRETS_LOOK_LIKE = "s3cret";

    @Test
    void when_all_is_well(CapturedOutput output) {
        try (TestRedis redis = TestRedis.start("requirepass " + REDIS_SECRET);
                RunningService service = service(TestDatabase.H2, inUrl(redis.port()))) {
            service.register("model", "1");
            Eventually.await("delivered", () -> state(service) == RelayState.IDLE);

            nothingShows(service, output);
        }
    }

    @Test
    void when_the_password_is_in_a_file(@TempDir Path folder, CapturedOutput output) throws IOException {
        Path file = Files.writeString(folder.resolve("password"), DATABASE_SECRET);
        try (RunningService service = service(
                TestDatabase.H2,
                Map.of("spring.datasource.password", "", "spring.datasource.password-file", file.toString()))) {
            service.register("model", "1");

            nothingShows(service, output);
        }
    }

    @Test
    void when_redis_takes_the_password_for_wrong(CapturedOutput output) {
        try (TestRedis redis = TestRedis.start("requirepass another");
                RunningService service = service(TestDatabase.POSTGRESQL, inUrl(redis.port()))) {
            awaitWaiting(service);

            nothingShows(service, output);
        }
    }

    @Test
    void when_redis_takes_the_token_of_a_user_for_wrong(CapturedOutput output) {
        try (TestRedis redis = TestRedis.start();
                RunningService service = service(
                        TestDatabase.H2,
                        Map.of(
                                "REDIS_HOST",
                                redis.host(),
                                "REDIS_PORT",
                                Integer.toString(redis.port()),
                                "REDIS_USERNAME",
                                "nobody",
                                "REDIS_AUTH_TOKEN",
                                REDIS_SECRET))) {
            awaitWaiting(service);

            nothingShows(service, output);
        }
    }

    @Test
    void when_redis_refuses(CapturedOutput output) {
        try (RunningService service = service(TestDatabase.H2, inUrl(TestRedis.freePort()))) {
            awaitWaiting(service);

            nothingShows(service, output);
        }
    }

    @Test
    void when_redis_is_hung(CapturedOutput output) {
        try (TestRedis redis = TestRedis.start("requirepass " + REDIS_SECRET)) {
            redis.freeze();
            try (RunningService service = service(TestDatabase.H2, inUrl(redis.port()))) {
                awaitWaiting(service);

                nothingShows(service, output);
            }
        }
    }

    @Test
    void when_the_database_takes_the_password_for_wrong(CapturedOutput output) {
        String url = TestDatabase.H2.newUrl();
        Map<String, String> settings = Map.of("spring.datasource.url", url);
        try (RunningService first = service(TestDatabase.H2, settings)) {
            assertThat(first.get("/live").statusCode()).isEqualTo(200);
        }

        assertThatThrownBy(() -> service(
                                TestDatabase.H2,
                                Map.of(
                                        "spring.datasource.url",
                                        url,
                                        "spring.datasource.password",
                                        "not-that-" + DATABASE_SECRET))
                        .close())
                .satisfies(e -> assertThat(stackTrace(e)).doesNotContain(WHAT_SECRETS_LOOK_LIKE));
        assertThat(output.getAll()).isNotEmpty().doesNotContain(WHAT_SECRETS_LOOK_LIKE);
    }

    @ParameterizedTest(name = "{index}")
    @ValueSource(
            strings = {
                "redis://:" + REDIS_SECRET + "@host:no-port",
                "redis://:" + REDIS_SECRET + "@:6379",
                "redis://" + REDIS_SECRET + "@host",
                "redis://user:" + REDIS_SECRET + "@host:6379/database",
                "redis://:" + REDIS_SECRET + "%zz@host",
                "redis://:${" + REDIS_SECRET + "}@host:no-port",
                "http://:" + REDIS_SECRET + "@host"
            })
    void when_the_url_is_unusable(String url, CapturedOutput output) {
        assertThatThrownBy(
                        () -> service(TestDatabase.H2, Map.of("REDIS_URL", url)).close())
                .satisfies(e -> assertThat(stackTrace(e)).contains("REDIS_URL").doesNotContain(WHAT_SECRETS_LOOK_LIKE));
        assertThat(output.getAll()).contains("REDIS_URL").doesNotContain(WHAT_SECRETS_LOOK_LIKE);
    }

    private static Map<String, String> inUrl(int port) {
        return Map.of("REDIS_URL", "redis://:" + REDIS_SECRET + "@127.0.0.1:" + port);
    }

    /** With every actuator page there is, and a log that says more than in production. */
    private static RunningService service(TestDatabase database, Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "spring.datasource.password", DATABASE_SECRET,
                "management.endpoints.web.exposure.include", "*",
                "logging.level.root", "INFO",
                "logging.level.ai.hokus", "DEBUG",
                "logging.level.org.redisson", "INFO",
                "registry.queue.connect-timeout", "300ms",
                "registry.queue.command-timeout", "300ms",
                "registry.relay.interval", "100ms"));
        all.putAll(settings);
        return RunningService.on(database, all);
    }

    private static void awaitWaiting(RunningService service) {
        service.register("model", "1");
        Eventually.await("waiting", () -> state(service) == RelayState.WAITING);
    }

    private static RelayState state(RunningService service) {
        return service.bean(Relay.class).statuses().get(0).state();
    }

    private static void nothingShows(RunningService service, CapturedOutput output) {
        List<String> pages = new ArrayList<>(List.of("/health?detailed=true", "/actuator"));
        for (JsonNode link : JSON.readTree(service.get("/actuator").body()).get("_links")) {
            String path = URI.create(link.get("href").stringValue().replaceAll("\\{.*", ""))
                    .getPath();
            // A heap holds the password by its nature, whoever may read it.
            if (!path.endsWith("/heapdump")) {
                pages.add(path);
            }
        }
        assertThat(pages).contains("/actuator/env", "/actuator/configprops", "/actuator/beans");
        for (String page : pages) {
            assertThat(service.get(page).body()).as(page).doesNotContain(WHAT_SECRETS_LOOK_LIKE);
        }
        assertThat(output.getAll()).isNotEmpty().doesNotContain(WHAT_SECRETS_LOOK_LIKE);
    }

    private static String stackTrace(Throwable e) {
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}

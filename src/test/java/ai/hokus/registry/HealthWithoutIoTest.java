package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Health answers at once and correctly while Redis hangs and no database connection is free. */
class HealthWithoutIoTest {

    private static final JsonMapper JSON = new JsonMapper();

    private static final Duration PROMISED = Duration.ofMillis(50);
    private static final int ASKED = 50;
    private static final int POOL = 4;

    private TestRedis redis;

    @BeforeEach
    void start() {
        redis = TestRedis.start();
    }

    @AfterEach
    void stop() {
        redis.close();
    }

    @Test
    void with_redis_hung_and_every_connection_taken_health_answers_at_once_and_rightly() throws Exception {
        try (RunningService service = service(Map.of("spring.datasource.hikari.connection-timeout", "300"))) {
            Eventually.await("healthy", () -> status(service).equals("healthy"));
            assertThat(service.get("/ready").statusCode()).isEqualTo(200);
            redis.freeze();
            List<Connection> taken = takeAllConnections(service);
            try {
                Eventually.await("found out", () -> service.get("/ready").statusCode() == 503);

                assertAnswersAtOnce(service, "/health", 503);
                assertAnswersAtOnce(service, "/health?detailed=true", 503);
                assertAnswersAtOnce(service, "/ready", 503);
                assertAnswersAtOnce(service, "/health/alb", 200);
                assertAnswersAtOnce(service, "/live", 200);
                Eventually.await(
                        "Redis found out too",
                        () -> services(service).get("redis").stringValue().equals("unhealthy"));
                assertThat(status(service)).isEqualTo("unhealthy");
                assertThat(services(service).get("database").stringValue()).isEqualTo("unhealthy");
                assertThat(services(service).get("api").stringValue()).isEqualTo("healthy");
            } finally {
                for (Connection connection : taken) {
                    connection.close();
                }
                redis.resume();
            }

            Eventually.await("healthy again", () -> status(service).equals("healthy"));
            assertThat(service.get("/ready").statusCode()).isEqualTo(200);
            assertThat(service.get("/health").statusCode()).isEqualTo(200);
        }
    }

    /** The probe itself hangs: nobody has said that the database is away. */
    @Test
    void a_probe_that_is_overdue_says_so() throws Exception {
        try (RunningService service = service(Map.of("spring.datasource.hikari.connection-timeout", "120000"))) {
            Eventually.await("healthy", () -> status(service).equals("healthy"));
            List<Connection> taken = takeAllConnections(service);
            try {
                Eventually.await("overdue", () -> service.get("/ready").statusCode() == 503);

                assertThat(detailed(service).get("findings").toString())
                        .contains("the database does not answer", "no answer to the probe that is under way");
                assertThat(service.get("/health").statusCode()).isEqualTo(503);
                assertThat(service.get("/live").statusCode()).isEqualTo(200);
                assertAnswersAtOnce(service, "/health", 503);
            } finally {
                for (Connection connection : taken) {
                    connection.close();
                }
            }

            Eventually.await("well again", () -> status(service).equals("healthy"));
        }
    }

    @Test
    void redis_alone_being_away_is_degraded_and_the_service_stays_ready() {
        redis.kill();
        try (RunningService service = service(Map.of())) {
            Eventually.await(
                    "found out",
                    () -> services(service).get("redis").stringValue().equals("unhealthy"));

            HttpResponse<String> answer = service.get("/health");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
            assertThat(status(service)).isEqualTo("degraded");
            assertThat(services(service).get("message_queue").stringValue()).isEqualTo("unhealthy");
            assertThat(services(service).get("database").stringValue()).isEqualTo("healthy");
            assertThat(service.get("/ready").statusCode()).isEqualTo(200);
            assertThat(detailed(service).get("findings").toString()).contains("Redis takes nothing");
            Eventually.await(
                    "the breaker opens",
                    () -> detailed(service).get("breaker").stringValue().equals("open"));
            assertThat(detailed(service).get("last_error").stringValue()).startsWith("UNREACHABLE: ");

            redis.restart();

            Eventually.await("healthy", () -> status(service).equals("healthy"));
        }
    }

    @Test
    void health_has_exactly_the_keys_that_the_old_dashboards_read() {
        try (RunningService service = service(Map.of())) {
            service.register("model", "1");
            Eventually.await(
                    "delivered",
                    () -> !detailed(service)
                            .at("/partitions/0/last_delivered_at")
                            .isNull());

            JsonNode health = JSON.readTree(service.get("/health").body());
            assertThat(health.propertyNames()).containsExactlyInAnyOrder("status", "version", "services", "timestamp");
            assertThat(health.get("services").propertyNames())
                    .containsExactlyInAnyOrder("api", "redis", "message_queue", "database");
            assertThat(Instant.parse(health.get("timestamp").stringValue())).isBeforeOrEqualTo(Instant.now());

            JsonNode detailed =
                    JSON.readTree(service.get("/health?detailed=true").body());
            assertThat(detailed.propertyNames())
                    .containsExactlyInAnyOrder("status", "version", "services", "timestamp", "details");
            assertThat(detailed.get("details").propertyNames())
                    .containsExactlyInAnyOrder(
                            "findings",
                            "relay",
                            "breaker",
                            "backlog",
                            "backlog_is_estimate",
                            "oldest_pending_age_ms",
                            "parked",
                            "last_error",
                            "last_error_at",
                            "sampled_at",
                            "stale",
                            "consumers",
                            "partitions");
            assertThat(detailed.get("services").propertyNames())
                    .containsExactlyInAnyOrder("api", "redis", "message_queue", "database", "message_queue_details");
            assertThat(detailed.at("/services/message_queue_details/queue_depths")
                            .propertyNames())
                    .containsExactly("main", "processing", "dlq");
            assertThat(detailed.at("/details/partitions/0").propertyNames())
                    .containsExactlyInAnyOrder(
                            "partition",
                            "state",
                            "pending",
                            "pending_is_estimate",
                            "oldest_pending_age_ms",
                            "parked",
                            "last_position",
                            "delivered_position",
                            "last_delivered_at",
                            "stalled",
                            "relay_state",
                            "relay_since",
                            "last_pass_at",
                            "last_error",
                            "last_error_at",
                            "queue_depth");
        }
    }

    private RunningService service(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "REDIS_URL", redis.url(),
                "registry.queue.connect-timeout", "300ms",
                "registry.queue.command-timeout", "300ms",
                "registry.relay.interval", "100ms",
                "registry.relay.max-backoff", "500ms",
                "registry.status.interval", "50ms",
                "spring.datasource.hikari.maximum-pool-size", Integer.toString(POOL)));
        all.putAll(settings);
        return RunningService.on(TestDatabase.H2, all);
    }

    /** The pool hands a connection to whoever waits; the relay and the sampler give theirs back soon. */
    private static List<Connection> takeAllConnections(RunningService service) throws Exception {
        List<Connection> taken = new ArrayList<>();
        while (taken.size() < POOL) {
            try {
                taken.add(service.bean(DataSource.class).getConnection());
            } catch (SQLTransientConnectionException busy) {
                // Somebody had it; again.
            }
        }
        return taken;
    }

    private static void assertAnswersAtOnce(RunningService service, String path, int status) {
        List<Duration> took = new ArrayList<>();
        for (int n = 0; n < ASKED; n++) {
            long start = System.nanoTime();
            HttpResponse<String> answer = service.get(path);
            took.add(Duration.ofNanos(System.nanoTime() - start));
            assertThat(answer.statusCode()).as(path).isEqualTo(status);
        }
        Collections.sort(took);
        assertThat(took.get(ASKED / 2)).as("%s took %s", path, took).isLessThan(PROMISED);
    }

    private static String status(RunningService service) {
        return JSON.readTree(service.get("/health").body()).get("status").stringValue();
    }

    private static JsonNode services(RunningService service) {
        return JSON.readTree(service.get("/health").body()).get("services");
    }

    private static JsonNode detailed(RunningService service) {
        return JSON.readTree(service.get("/health?detailed=true").body()).get("details");
    }
}

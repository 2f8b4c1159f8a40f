package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whatever Redis is doing, the service starts and takes registrations. */
class StartUpTest {

    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void without_a_redis_in_its_configuration() {
        startsAndAccepts(Map.of(), "not_configured");
    }

    @Test
    void with_a_blank_port_which_counts_as_not_set() {
        int port = TestRedis.freePort();
        Map<String, String> blank = Map.of("server.port", "", "PORT", " ", "API_PORT", Integer.toString(port));

        try (RunningService service = service(blank)) {
            assertThat(service.base().getPort()).isEqualTo(port);
        }
    }

    @Test
    void with_a_redis_that_refuses_connections() {
        startsAndAccepts(Map.of("REDIS_URL", "redis://127.0.0.1:" + TestRedis.freePort()), "unhealthy");
    }

    @Test
    void with_a_redis_that_is_hung() {
        try (TestRedis redis = TestRedis.start()) {
            redis.freeze();

            startsAndAccepts(Map.of("REDIS_URL", redis.url()), "unhealthy");
        }
    }

    @Test
    void with_a_redis_whose_name_nobody_knows() {
        startsAndAccepts(Map.of("REDIS_HOST", "no-such-host.invalid"), "unhealthy");
    }

    @Test
    void with_a_wrong_password() {
        try (TestRedis redis = TestRedis.start("requirepass right-password")) {
            startsAndAccepts(
                    Map.of(
                            "REDIS_HOST", redis.host(),
                            "REDIS_PORT", Integer.toString(redis.port()),
                            "REDIS_AUTH_TOKEN", "wrong-password"),
                    "unhealthy");
        }
    }

    @Test
    void with_tls_where_redis_speaks_none() {
        try (TestRedis redis = TestRedis.start()) {
            startsAndAccepts(Map.of("REDIS_URL", "rediss://127.0.0.1:" + redis.port()), "unhealthy");
        }
    }

    @Test
    void with_a_cluster_that_is_away() {
        startsAndAccepts(
                Map.of("REDIS_URL", "redis://127.0.0.1:" + TestRedis.freePort(), "REDIS_CLUSTER", "true"), "unhealthy");
    }

    /** The relay's first pass and the first look at consumers' lists ask for Redis; everything else has nothing to ask it. */
    @Test
    void nothing_but_the_relay_and_the_look_at_consumers_lists_touches_redis() throws IOException {
        List<Socket> connections = new CopyOnWriteArrayList<>();
        try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread acceptor = new Thread(() -> accept(listener, connections), "acceptor");
            acceptor.setDaemon(true);
            acceptor.start();
            Map<String, String> redis = Map.of("REDIS_URL", "redis://127.0.0.1:" + listener.getLocalPort());

            Map<String, String> notRelaying = new HashMap<>(redis);
            notRelaying.put("registry.relay.enabled", "false");
            notRelaying.put("registry.consumers.enabled", "false");
            startsAndAccepts(notRelaying, "unknown");
            assertThat(connections).isEmpty();

            Map<String, String> relaying = new HashMap<>(redis);
            relaying.put("registry.consumers.enabled", "false");
            try (RunningService service = service(relaying)) {
                service.register("model", "1");
                Eventually.await("the relay asks", () -> !connections.isEmpty());
            }
        }
    }

    private static void startsAndAccepts(Map<String, String> settings, String redis) {
        try (RunningService service = service(settings)) {
            assertThat(service.get("/live").statusCode()).isEqualTo(200);
            assertThat(service.get("/ready").statusCode())
                    .as("ready when it serves")
                    .isEqualTo(200);
            service.register("model", "1");

            Eventually.await(
                    "Redis is " + redis,
                    () -> health(service).at("/services/redis").stringValue().equals(redis));
            assertThat(service.jdbc().queryForObject("SELECT pending FROM outbox_status", Long.class))
                    .isEqualTo(1);
            assertThat(service.get("/health").statusCode()).isEqualTo(200);
        }
    }

    private static JsonNode health(RunningService service) {
        return JSON.readTree(service.get("/health").body());
    }

    private static RunningService service(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "registry.queue.connect-timeout", "300ms",
                "registry.queue.command-timeout", "300ms",
                "registry.relay.interval", "100ms"));
        all.putAll(settings);
        return RunningService.on(TestDatabase.H2, all);
    }

    /** Says nothing to whoever connects, until the listener is closed. */
    private static void accept(ServerSocket listener, List<Socket> connections) {
        try {
            while (!listener.isClosed()) {
                connections.add(listener.accept());
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }
}

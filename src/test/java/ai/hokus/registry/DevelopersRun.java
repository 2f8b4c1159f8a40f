package ai.hokus.registry;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;
import redis.embedded.RedisServer;

/**
 * The developers' run, {@code mvn spring-boot:test-run}: a real Redis from a Maven artefact, H2 in {@code ./data}, and the
 * service, which knows the key {@code dev-key}. Listens on the loopback interface only. Redis keeps an append-only file in {@code ./data} too, so that a
 * restart finds the queue as it was.
 */
final class DevelopersRun {

    /** Where Redis listens; {@code src/dev/Queue.java} looks there too. */
    private static final String REDIS_PORT = "REDIS_PORT";

    private static final String USUAL_REDIS_PORT = "16379";
    private static final String OTHER_REDIS_PORT = "26379";
    private static final Pattern PORT_NUMBER = Pattern.compile("[1-9][0-9]{0,4}");

    /** Known to everybody, hence the loopback interface. */
    private static final String KEY = "dev-key";

    private DevelopersRun() {}

    /**
     * Ends the JVM when something cannot start: a thread that reads what Redis says would keep it for ever. Redis ends with it.
     */
    public static void main(String[] args) throws IOException {
        String port = System.getenv().getOrDefault(REDIS_PORT, USUAL_REDIS_PORT);
        if (!PORT_NUMBER.matcher(port).matches() || Integer.parseInt(port) > 65_535) {
            end(REDIS_PORT + "=" + port + " is no port.");
        }
        int redisPort = Integer.parseInt(port);
        if (isTaken(redisPort)) {
            end(
                    ("Port %d is taken, and the developers' run starts its Redis there. Stop what listens on it (perhaps another"
                                    + " developers' run), or choose another port: %s=%s mvn spring-boot:test-run")
                            .formatted(redisPort, REDIS_PORT, OTHER_REDIS_PORT));
        }

        Path data = Files.createDirectories(Path.of("data"));
        Path keys = Files.writeString(
                data.resolve("api-keys"), TestKeys.line(KEY, "developer", "full_access,outbox:operate") + "\n");
        startRedis(redisPort, Files.createDirectories(data.resolve("redis")).toAbsolutePath());

        System.setProperty("REDIS_URL", "redis://127.0.0.1:" + redisPort);
        System.setProperty("server.address", "127.0.0.1");
        System.setProperty("API_KEYS_FILE", keys.toString());
        SpringApplication application = new SpringApplication(RegistrationOutboxApplication.class);
        Welcome welcome = new Welcome(redisPort);
        application.addListeners(welcome.port(), welcome.ready());
        try {
            application.run(args);
        } catch (RuntimeException | Error alreadyReported) {
            System.exit(1);
        }
    }

    private static boolean isTaken(int port) {
        try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return !free.isBound();
        } catch (IOException e) {
            return true;
        }
    }

    private static void startRedis(int port, Path data) {
        RedisServer redis = RedisServer.builder()
                .bind("127.0.0.1")
                .port(port)
                .setting("dir " + data)
                .setting("appendonly yes")
                .setting("save \"\"")
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(redis, port), "stop-redis"));
        try {
            redis.start();
        } catch (RuntimeException e) {
            end("Redis did not start on port %d with its files in %s: %s".formatted(port, data, e.getMessage()));
        }
    }

    private static void end(String sentence) {
        System.err.println(sentence);
        System.exit(1);
    }

    private static void stop(RedisServer redis, int port) {
        try {
            redis.stop();
        } catch (RuntimeException e) {
            System.err.println("redis-server on port " + port + " may still run: " + e.getMessage());
        }
    }

    /** Says where the service is, and gives a line to try it with. */
    private static final class Welcome {

        private final int redisPort;
        private int port;

        Welcome(int redisPort) {
            this.redisPort = redisPort;
        }

        ApplicationListener<WebServerInitializedEvent> port() {
            return event -> port = event.getWebServer().getPort();
        }

        ApplicationListener<ApplicationReadyEvent> ready() {
            return event -> System.out.printf("""

                    Registration Outbox runs at http://127.0.0.1:%1$d (Swagger UI: http://127.0.0.1:%1$d/swagger-ui.html)
                    Redis runs at 127.0.0.1:%2$d. Ctrl-C stops both. Register a model from a second terminal:

                    curl -i http://127.0.0.1:%1$d/models/tokenized-registration-events -H 'Content-Type: application/json' -H 'X-API-Key: %3$s' \
                    -d '{"model_name":"churn","version":"1","token_id":"CHURN","proposal_identifier":"P-1","metric_name":"auroc","baseline_value":0.81,"mlflow_run_id":"run-1"}'

                    and see its message in the queue:

                    java src/dev/Queue.java

                    """, port, redisPort, KEY);
        }
    }
}

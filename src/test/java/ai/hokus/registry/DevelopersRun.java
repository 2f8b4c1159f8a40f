package ai.hokus.registry;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private static final int REDIS_PORT = 16379;

    /** Known to everybody, hence the loopback interface. */
    private static final String KEY = "dev-key";

    private DevelopersRun() {}

    public static void main(String[] args) throws IOException {
        Path data = Files.createDirectories(Path.of("data", "redis")).toAbsolutePath();
        RedisServer redis = RedisServer.builder()
                .bind("127.0.0.1")
                .port(REDIS_PORT)
                .setting("dir " + data)
                .setting("appendonly yes")
                .setting("save \"\"")
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(redis), "stop-redis"));
        redis.start();

        System.setProperty("REDIS_URL", "redis://127.0.0.1:" + REDIS_PORT);
        System.setProperty("server.address", "127.0.0.1");
        Path keys = Files.writeString(
                Path.of("data", "api-keys"), TestKeys.line(KEY, "developer", "full_access,outbox:operate") + "\n");
        System.setProperty("API_KEYS_FILE", keys.toString());
        SpringApplication application = new SpringApplication(RegistrationOutboxApplication.class);
        Welcome welcome = new Welcome();
        application.addListeners(welcome.port(), welcome.ready());
        application.run(args);
    }

    private static void stop(RedisServer redis) {
        try {
            redis.stop();
        } catch (RuntimeException e) {
            System.err.println("redis-server on port " + REDIS_PORT + " may still run: " + e.getMessage());
        }
    }

    /** Says where the service is, and gives a line to try it with. */
    private static final class Welcome {

        private int port;

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

                    """, port, REDIS_PORT, KEY);
        }
    }
}

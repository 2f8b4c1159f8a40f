package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestRedis;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The packaged service, told to end (SIGTERM) while it takes registrations and delivers them. */
class ShutdownIT {

    private static final JsonMapper JSON = new JsonMapper();

    private static final int CLIENTS = 4;
    private static final int ACCEPTED_BEFORE_THE_SIGNAL = 100;
    private static final Duration PROMISED = Duration.ofSeconds(10);
    private static final int ENDED_BY_SIGTERM = 143;
    private static final String QUEUE = "hokusai:model_ready_queue";

    @TempDir
    Path directory;

    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private TestRedis redis;

    @BeforeEach
    void startRedis() {
        redis = TestRedis.start();
    }

    @AfterEach
    void stopRedis() {
        redis.close();
    }

    @Test
    void with_redis_well_it_gives_its_lock_back_and_loses_nothing() throws Exception {
        endsInTimeUnderLoad(() -> {});

        everythingAcknowledgedIsDeliveredOnce();
    }

    @Test
    void with_redis_hung_it_ends_in_time_and_loses_nothing() throws Exception {
        endsInTimeUnderLoad(redis::freeze);

        redis.resume();
        everythingAcknowledgedIsDeliveredOnce();
    }

    private void endsInTimeUnderLoad(Runnable strike) throws Exception {
        try (ServiceProcess service = start()) {
            CountDownLatch enough = new CountDownLatch(ACCEPTED_BEFORE_THE_SIGNAL);
            CountDownLatch enoughAfterTheStrike = new CountDownLatch(2 * ACCEPTED_BEFORE_THE_SIGNAL);
            List<Thread> clients = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                String model = "model-" + client;
                clients.add(new Thread(() -> registerUntilItEnds(service, model, enough, enoughAfterTheStrike)));
            }
            clients.forEach(Thread::start);
            enough.await();
            strike.run();
            enoughAfterTheStrike.await();

            assertThat(service.terminate(PROMISED))
                    .as(() -> "ends in time\n" + service.log())
                    .isTrue();

            assertThat(service.exitCode()).isEqualTo(ENDED_BY_SIGTERM);
            for (Thread client : clients) {
                client.join();
            }
            assertThat(lockedUntil()).isBeforeOrEqualTo(LocalDateTime.now(ZoneOffset.UTC));
        }
    }

    private void everythingAcknowledgedIsDeliveredOnce() {
        try (ServiceProcess service = start()) {
            Eventually.await(
                    "drained",
                    () -> service.get("/health?detailed=true").body().contains("\"backlog\":0,"),
                    service::log);
        }
        List<String> delivered = new ArrayList<>();
        for (Object element = redis.run("RPOP", QUEUE); element != null; element = redis.run("RPOP", QUEUE)) {
            JsonNode message = JSON.readTree((String) element);
            delivered.add(message.at("/payload/model_id").stringValue());
        }
        assertThat(delivered).doesNotHaveDuplicates().containsAll(acknowledged);
        for (int client = 0; client < CLIENTS; client++) {
            String model = "model-" + client + "/";
            List<Integer> versions = delivered.stream()
                    .filter(id -> id.startsWith(model))
                    .map(id -> Integer.valueOf(id.split("/")[1]))
                    .toList();
            assertThat(versions).as(model).isSorted();
        }
    }

    private ServiceProcess start() {
        return ServiceProcess.start(directory, Map.of("REDIS_URL", redis.url()));
    }

    private void registerUntilItEnds(
            ServiceProcess service, String model, CountDownLatch enough, CountDownLatch enoughAfterTheStrike) {
        for (int version = 0; ; version++) {
            String body = """
                    {"model_name":"%s","version":"%d","token_id":"T","proposal_identifier":"P","metric_name":"f1",
                     "baseline_value":0.5,"mlflow_run_id":"r"}""".formatted(model, version);
            try {
                if (service.post("/models/tokenized-registration-events", body).statusCode() == 200) {
                    acknowledged.add(model + "/" + version + "/T");
                    enough.countDown();
                    enoughAfterTheStrike.countDown();
                }
            } catch (UncheckedIOException ended) {
                return;
            }
        }
    }

    /** The partition's lock, in the file that the ended service left behind. */
    private LocalDateTime lockedUntil() throws SQLException {
        String url = "jdbc:h2:file:" + directory.resolve("data/registry")
                + ";IFEXISTS=TRUE;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE";
        try (Connection connection = DriverManager.getConnection(url, "sa", "");
                ResultSet row = connection
                        .createStatement()
                        .executeQuery("SELECT lock_until FROM shedlock WHERE name = 'relay-0'")) {
            // No row: Redis hung before the relay had asked for the lock at all.
            return row.next() ? row.getObject(1, LocalDateTime.class) : LocalDateTime.MIN;
        }
    }
}

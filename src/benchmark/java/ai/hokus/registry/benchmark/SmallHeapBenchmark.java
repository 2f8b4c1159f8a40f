package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** The service with a heap of 128 MiB: under load, and through a long backlog. Runs once: it works or it does not. */
class SmallHeapBenchmark {

    private static final String QUEUE = "hokusai:model_ready_queue";
    private static final int PER_SECOND = 1_000;
    private static final Duration LOAD = Scale.seconds(60);

    /** For the compilers. */
    private static final Duration WARM_UP = Scale.seconds(20);

    private static final int CLIENTS = 16;
    private static final int BACKLOG = 1_000_000;
    private static final Duration DRAIN_TIMEOUT = Duration.ofMinutes(5);

    @Test
    void small_heap() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                RedisConnection connection = redis.connect()) {
            Map<String, String> settings = new HashMap<>(ServiceUnderTest.on(postgres, "small"));
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.queue.capacity", "2000000");
            JdbcTemplate jdbc = new JdbcTemplate(
                    new DriverManagerDataSource(settings.get("spring.datasource.url"), "postgres", ""));
            List<String> command = List.of(
                    ServiceUnderTest.java(),
                    "-Xmx128m",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-jar",
                    ServiceUnderTest.jar().toString());
            try (ServiceUnderTest service =
                    ServiceUnderTest.start(command, settings).awaitReady()) {
                load(service, WARM_UP, "1.");
                Latencies latencies = load(service, LOAD, "2.");
                awaitLength(connection, PER_SECOND * WARM_UP.plus(LOAD).toSeconds());
                double underLoad = residentMiB(service);
                connection.command("DEL", QUEUE);
                Duration drain = drainBacklog(jdbc, connection);
                assertThat(service.get("/ready").status()).isEqualTo(200);
                PerformanceDocument.write("small-heap", """
                        | `-Xmx128m` | |
                        |---|---|
                        | %,d registrations a second for %d s, p50 and p99 | %.1f and %.1f ms |
                        | resident set after that | %.0f MiB |
                        | %,d pending messages delivered in | %.1f s |
                        | resident set after that | %.0f MiB |

                        One run. %s
                        """.formatted(
                                PER_SECOND,
                                LOAD.toSeconds(),
                                latencies.millis(0.5),
                                latencies.millis(0.99),
                                underLoad,
                                BACKLOG,
                                drain.toMillis() / 1e3,
                                residentMiB(service),
                                PerformanceDocument.machine(postgres.version())));
            }
        }
    }

    private static Latencies load(ServiceUnderTest service, Duration length, String version) {
        return new Load(service.port(), CLIENTS, 200, Load.registrations(1000, CLIENTS, version))
                .open(PER_SECOND, Math.toIntExact(PER_SECOND * length.toSeconds()));
    }

    private static Duration drainBacklog(JdbcTemplate jdbc, RedisConnection connection) {
        jdbc.update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");
        BenchmarkDatabase.addPending(jdbc, BACKLOG);
        long start = System.nanoTime();
        jdbc.update("UPDATE outbox_partition SET paused = FALSE");
        awaitLength(connection, BACKLOG);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private static void awaitLength(RedisConnection connection, long elements) {
        Await.until(elements + " elements", DRAIN_TIMEOUT, () -> (Long) connection.command("LLEN", QUEUE) >= elements);
        assertThat(connection.command("LLEN", QUEUE)).isEqualTo(elements);
    }

    /** As Linux says. */
    private static double residentMiB(ServiceUnderTest service) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + service.process().pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024.0)
                .findFirst()
                .orElseThrow();
    }
}

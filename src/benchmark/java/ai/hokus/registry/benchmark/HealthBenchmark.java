package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * How soon health answers when all is well, while clients register, while Redis hangs, and while the database hangs. Interleaved
 * in one run.
 */
class HealthBenchmark {

    private static final int PER_SECOND = 2000;
    private static final int CONNECTIONS = 32;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration MEASURED = Scale.seconds(10);

    private static final int REGISTERING = 16;

    /** Begins before the requests for health do, and ends after them. */
    private static final Duration REGISTRATIONS = MEASURED.plusSeconds(1);

    private static final Duration WARM_UP = Scale.seconds(20);

    /** Until the last sample is too old to say anything, and back. */
    private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(60);

    @Test
    void health() {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            Map<String, String> settings = new HashMap<>(ServiceUnderTest.on(postgres, "health"));
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.queue.capacity", "100000000");
            try (ServiceUnderTest service = ServiceUnderTest.start(settings)) {
                Case well = new Case("all is well, 200", 200, "\"status\":\"healthy\"");
                Case busy = new Case("all is well, %d clients registering, 200".formatted(REGISTERING), 200, well.sign);
                Case noRedis = new Case("Redis hangs, 200", 200, "\"redis\":\"unhealthy\"");
                Case noDatabase = new Case("the database hangs, 503", 503, "\"database\":\"unhealthy\"");
                well.await(service);
                well.load(service).closed(WARM_UP);
                registrations(service, "warm-up-").closed(WARM_UP);
                Spread registered = new Spread();
                for (int round = 0; round < ROUNDS; round++) {
                    well.measure(service);
                    Load registrations = registrations(service, round + "-");
                    CompletableFuture<Latencies> registering =
                            CompletableFuture.supplyAsync(() -> registrations.closed(REGISTRATIONS));
                    busy.measure(service);
                    registered.add(registering.join().count() / (double) REGISTRATIONS.toSeconds());
                    well.await(service);
                    redis.freeze();
                    noRedis.measure(service);
                    redis.resume();
                    well.await(service);
                    List<ProcessHandle> database = postgres.processes();
                    signal("STOP", database);
                    noDatabase.measure(service);
                    signal("CONT", database);
                    well.await(service);
                }
                PerformanceDocument.write("health", """
                        | | p50, ms | p99, ms | p99 by that of the well case |
                        |---|---|---|---|
                        %s%s%s%s
                        The clients made %s registrations a second. %d rounds of %d s, in turn; median (least to most). %s
                        """.formatted(
                                well.row(well),
                                busy.row(well),
                                noRedis.row(well),
                                noDatabase.row(well),
                                registered.text("%,.0f"),
                                ROUNDS,
                                MEASURED.toSeconds(),
                                PerformanceDocument.machine(postgres.version())));
            }
        }
    }

    /** @param version prefix, never used before */
    private static Load registrations(ServiceUnderTest service, String version) {
        return new Load(service.port(), REGISTERING, 200, Load.registrations(1000, REGISTERING, version));
    }

    private static void signal(String name, List<ProcessHandle> processes) {
        for (ProcessHandle process : processes) {
            if (process.isAlive()) {
                Children.run(List.of("kill", "-" + name, Long.toString(process.pid())));
            }
        }
    }

    /** @param sign what an answer has in it once the service knows */
    private record Case(String name, int status, String sign, Spread p50, Spread p99) {

        Case(String name, int status, String sign) {
            this(name, status, sign, new Spread(), new Spread());
        }

        void await(ServiceUnderTest service) {
            Await.until("health says " + sign, CHANGE_TIMEOUT, () -> {
                HttpConnection.Answer answer = service.get("/health");
                return answer.status() == status && answer.body().contains(sign);
            });
        }

        Load load(ServiceUnderTest service) {
            return new Load(service.port(), CONNECTIONS, status, (client, n) -> Load.get("/health"));
        }

        void measure(ServiceUnderTest service) {
            await(service);
            Latencies latencies = load(service).open(PER_SECOND, PER_SECOND * Math.toIntExact(MEASURED.toSeconds()));
            p50.add(latencies.millis(0.5));
            p99.add(latencies.millis(0.99));
        }

        String row(Case well) {
            return "| %s | %s | %s | %s |%n"
                    .formatted(
                            name,
                            p50.text("%.2f"),
                            p99.text("%.2f"),
                            p99.per(well.p99).text("%.2f"));
        }
    }
}

package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Whether the pool of database connections holds registrations back: how long they wait for a connection, by the service's own
 * metrics, with as many clients as connections and with four times as many. Interleaved in one run.
 */
class PoolBenchmark {

    private static final int[] CLIENTS = {16, 64};
    private static final int MODELS = 1000;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration MEASURED = Scale.seconds(10);

    private static final String ACQUIRE = "hikaricp.connections.acquire";

    private record Figures(Spread rate, Spread p99, Spread waited) {
        Figures() {
            this(new Spread(), new Spread(), new Spread());
        }
    }

    @Test
    void pool() throws Exception {
        Map<Integer, Figures> all = new LinkedHashMap<>();
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            Map<String, String> settings = new HashMap<>(ServiceUnderTest.on(postgres, "pool"));
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.queue.capacity", "100000000");
            settings.put("management.metrics.distribution.percentiles." + ACQUIRE, "0.99");
            settings.put("management.metrics.distribution.expiry." + ACQUIRE, MEASURED.toSeconds() + "s");
            try (ServiceUnderTest service = ServiceUnderTest.start(settings)) {
                for (int round = -1; round < ROUNDS; round++) {
                    for (int clients : CLIENTS) {
                        Figures figures =
                                round < 0 ? new Figures() : all.computeIfAbsent(clients, unused -> new Figures());
                        measure(service, clients, round, figures);
                    }
                }
                report(all, metric(service, "hikaricp_connections_timeout_total"), postgres.version());
            }
        }
    }

    private static void measure(ServiceUnderTest service, int clients, int round, Figures figures) throws IOException {
        Load load = new Load(
                service.port(), clients, 200, Load.registrations(MODELS, clients, clients + "-" + round + "-"));
        Latencies latencies = load.closed(MEASURED);
        figures.rate().add(latencies.count() / (double) MEASURED.toSeconds());
        figures.p99().add(latencies.millis(0.99));
        figures.waited().add(metric(service, "hikaricp_connections_acquire_seconds{") * 1000);
    }

    /** The value of the first line that begins so. */
    private static double metric(ServiceUnderTest service, String begin) throws IOException {
        return service.get("/actuator/prometheus")
                .body()
                .lines()
                .filter(line -> line.startsWith(begin))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .findFirst()
                .orElseThrow();
    }

    private static void report(Map<Integer, Figures> all, double timeouts, String version) {
        StringBuilder text = new StringBuilder("""
                | 16 connections, as by default | registrations a second | p99, ms | wait for a connection, p99, ms |
                |---|---|---|---|
                """);
        all.forEach((clients, figures) -> text.append("| %d clients | %s | %s | %s |%n"
                .formatted(
                        clients,
                        figures.rate().text("%,.0f"),
                        figures.p99().text("%.1f"),
                        figures.waited().text("%.2f"))));
        text.append(
                "%nWaited for a connection in vain: %.0f. %d rounds of %d s after a first one, in turn; median (least to most). %s%n"
                        .formatted(timeouts, ROUNDS, MEASURED.toSeconds(), PerformanceDocument.machine(version)));
        PerformanceDocument.write("pool", text.toString());
    }
}

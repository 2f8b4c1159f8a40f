package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.CommitListener;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/**
 * The time from a registration's commit until a consumer has its message, at a steady rate over HTTP, with default settings.
 * The instances run within this JVM, so that one clock times both ends.
 */
class LatencyBenchmark {

    private static final int RATE = 200; // a second
    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final Duration MEASURED = Duration.ofSeconds(Integer.getInteger("benchmark.seconds", 30));
    private static final int ROUNDS = 3;
    private static final int CLIENTS = 8;
    private static final int MODELS = 1_000;

    private static final Map<UUID, Long> COMMITTED = new ConcurrentHashMap<>();
    private static final AtomicInteger RUNS = new AtomicInteger();

    /** Beside the service's own listener, the relay. Not annotated: no other test's service is to find it. */
    static class CommitTimes {
        @Bean
        CommitListener commitTimes() {
            return message -> COMMITTED.put(message.message().messageId(), System.nanoTime());
        }
    }

    @Test
    void latency() throws Exception {
        StringBuilder text = new StringBuilder("""
                | %d registrations a second over HTTP, %d s | p50, ms | p99, ms |
                |---|---|---|
                """.formatted(RATE, MEASURED.toSeconds()));
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            List<Integer> shapes = List.of(1, 3);
            Map<Integer, Spread> medians = Map.of(1, new Spread(), 3, new Spread());
            Map<Integer, Spread> tails = Map.of(1, new Spread(), 3, new Spread());
            for (int round = 0; round < ROUNDS; round++) {
                for (int instances : shapes) {
                    double[] sorted = run(instances, postgres, redis);
                    medians.get(instances).add(sorted[sorted.length / 2]);
                    tails.get(instances).add(sorted[sorted.length * 99 / 100]);
                }
            }
            for (int instances : shapes) {
                text.append("| %s | %s | %s |%n"
                        .formatted(
                                instances == 1 ? "one instance" : instances + " instances on one database",
                                medians.get(instances).text("%.1f"),
                                tails.get(instances).text("%.1f")));
            }
            text.append("%n%d rounds in turn; median (least to most). %s%n"
                    .formatted(ROUNDS, PerformanceDocument.machine(postgres.version())));
        }
        PerformanceDocument.write("latency", text.toString());
    }

    /** Milliseconds from commit to consumer, sorted. */
    private static double[] run(int instances, PostgresCluster postgres, TestRedis redis) throws Exception {
        String database = "latency_" + RUNS.incrementAndGet();
        postgres.jdbc().execute("CREATE DATABASE " + database);
        COMMITTED.clear();
        redis.run("FLUSHALL");
        Map<UUID, Long> seen = new ConcurrentHashMap<>();
        Thread consumer = consumer(redis, database, seen);
        List<ConfigurableApplicationContext> services = new ArrayList<>();
        try {
            for (int n = 0; n < instances; n++) {
                services.add(start(postgres, database, redis));
            }
            consumer.start();
            load(services, WARM_UP);
            long from = System.nanoTime();
            load(services, MEASURED);
            Eventually.await("every message is consumed", () -> seen.size() == COMMITTED.size());
            return seen.entrySet().stream()
                    .filter(entry -> COMMITTED.get(entry.getKey()) >= from)
                    .mapToDouble(entry -> (entry.getValue() - COMMITTED.get(entry.getKey())) / 1e6)
                    .sorted()
                    .toArray();
        } finally {
            consumer.interrupt();
            services.forEach(ConfigurableApplicationContext::close);
        }
    }

    private static ConfigurableApplicationContext start(PostgresCluster postgres, String database, TestRedis redis) {
        return new SpringApplicationBuilder(RegistrationOutboxApplication.class, CommitTimes.class)
                .run(
                        "--spring.datasource.url=" + postgres.url(database),
                        "--spring.datasource.username=postgres",
                        "--spring.datasource.password=",
                        "--server.address=127.0.0.1",
                        "--server.port=0",
                        "--REDIS_URL=" + redis.url(),
                        "--registry.queue.name=" + database,
                        "--registry.security.key-file=" + TestKeys.file(TestKeys.line()));
    }

    private static Thread consumer(TestRedis redis, String queue, Map<UUID, Long> seen) {
        Thread thread = new Thread(() -> {
            try (RedisConnection connection = redis.connect()) {
                while (!Thread.currentThread().isInterrupted()) {
                    if (connection.command("BRPOP", queue, "1") instanceof List<?> element && !element.isEmpty()) {
                        long now = System.nanoTime();
                        seen.put(UUID.fromString(element.get(1).toString().substring(15, 51)), now);
                    }
                }
            }
        });
        thread.setDaemon(true);
        return thread;
    }

    /** By an absolute schedule: a slow answer does not lower the rate. */
    private static void load(List<ConfigurableApplicationContext> services, Duration time) throws Exception {
        List<URI> targets = services.stream()
                .map(service ->
                        ((WebServerApplicationContext) service).getWebServer().getPort())
                .map(port -> URI.create("http://127.0.0.1:" + port + "/models/tokenized-registration-events"))
                .toList();
        int requests = RATE * (int) time.toSeconds();
        long start = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        String version = "v" + start;
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                all.add(clients.submit(() -> {
                    for (int n = next.getAndIncrement(); n < requests; n = next.getAndIncrement()) {
                        long due = start + n * 1_000_000_000L / RATE;
                        while (System.nanoTime() < due) {
                            LockSupport.parkNanos(due - System.nanoTime());
                        }
                        register(http, targets.get(n % targets.size()), "model-" + n % MODELS, version + "-" + n);
                    }
                    return null;
                }));
            }
            for (Future<?> client : all) {
                client.get();
            }
        } finally {
            clients.shutdownNow();
        }
    }

    private static void register(HttpClient http, URI target, String model, String version)
            throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(target)
                        .header("Content-Type", "application/json")
                        .header("X-API-Key", TestKeys.KEY)
                        .POST(HttpRequest.BodyPublishers.ofString(RunningService.registration(model, version)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }
}

package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** How long after its commit a message of another library reaches a consumer that waits for it. */
class PeerLatencyBenchmark {

    private static final int THREADS = 4;
    private static final int RATE = 200;
    private static final int SECONDS = Integer.getInteger("benchmark.seconds", 30);
    private static final int WARM_UP = 5;
    private static final int MESSAGES = RATE * (WARM_UP + SECONDS);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final int NUMBER_AT = "{\"number\":\"".length();
    private static final String AFTER_NUMBER = "\",\"filler\":\"" + "x".repeat(618) + "\"}";

    @Test
    void latency() throws Exception {
        StringBuilder text = new StringBuilder("""
                | from publish's return to the consumer's | p50 | p99 |
                |---|---|---|
                """);
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            for (Peer peer : ServiceLoader.load(Peer.class)) {
                try (OutboxUnderTest outbox = peer.open(postgres, redis, "latency")) {
                    double[] latencies = measure(outbox, redis, "latency");
                    text.append(String.format(
                            Locale.ROOT,
                            "| %s | %.1f ms | %.1f ms |%n",
                            outbox.name(),
                            percentile(latencies, 50),
                            percentile(latencies, 99)));
                }
                postgres.jdbc().execute("DROP DATABASE latency WITH (FORCE)");
            }
            text.append(
                    "%n%d messages a second by %d threads for %d s after a warm-up of %d s; one that arrives before publish returns counts as 0. %s%n"
                            .formatted(
                                    RATE, THREADS, SECONDS, WARM_UP, PerformanceDocument.machine(postgres.version())));
        }
        PerformanceDocument.write("peer-latency", text.toString());
    }

    /** In milliseconds, sorted, without the warm-up's. */
    private static double[] measure(OutboxUnderTest outbox, TestRedis redis, String queue) throws Exception {
        long[] committed = new long[MESSAGES];
        long[] popped = new long[MESSAGES];
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        try {
            outbox.startDelivering();
            Future<?> consumer = threads.submit(() -> consume(redis, queue, popped));
            List<Future<?>> publishers = new ArrayList<>();
            long start = System.nanoTime();
            for (int thread = 0; thread < THREADS; thread++) {
                int first = thread;
                publishers.add(threads.submit(() -> publish(outbox, first, start, committed)));
            }
            for (Future<?> publisher : publishers) {
                publisher.get();
            }
            consumer.get(LONGEST_WAIT.toSeconds(), TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
        double[] latencies = new double[RATE * SECONDS];
        for (int i = 0; i < latencies.length; i++) {
            int number = RATE * WARM_UP + i;
            latencies[i] = Math.max(0, popped[number] - committed[number]) / 1e6;
        }
        Arrays.sort(latencies);
        return latencies;
    }

    /** Message n is due n periods after the start, however long the ones before took. */
    private static Void publish(OutboxUnderTest outbox, int first, long start, long[] committed) throws Exception {
        for (int number = first; number < MESSAGES; number += THREADS) {
            long due = start + number * (TimeUnit.SECONDS.toNanos(1) / RATE);
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            outbox.publish("model-" + number % 1000, "{\"number\":\"" + String.format("%08d", number) + AFTER_NUMBER);
            committed[number] = System.nanoTime();
        }
        return null;
    }

    private static void consume(TestRedis redis, String queue, long[] popped) {
        try (RedisConnection connection = redis.connect()) {
            for (int count = 0; count < popped.length; ) {
                List<?> answer = (List<?>) connection.command("BRPOP", queue, "1");
                long now = System.nanoTime();
                if (!answer.isEmpty()) {
                    String element = (String) answer.get(1);
                    popped[Integer.parseInt(element.substring(NUMBER_AT, NUMBER_AT + 8))] = now;
                    count++;
                }
            }
        }
    }

    private static double percentile(double[] sorted, int percent) {
        return sorted[(int) Math.ceil(sorted.length * percent / 100.0) - 1];
    }
}

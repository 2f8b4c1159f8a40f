package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.relay.OwnOutbox;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * How long after its commit a message reaches a consumer that waits for it: other libraries', and this project's in the same
 * way, by its outbox in a transaction and its relay, without HTTP and the rest of the service.
 */
class PeerLatencyBenchmark {

    private static final int THREADS = 4;
    private static final int RATE = 200;
    private static final int SECONDS = Integer.getInteger("benchmark.seconds", 20);
    private static final int ROUNDS = Integer.getInteger("benchmark.rounds", 3);

    /** Of each measurement, for what starts with the outbox; compilers have their time in the round that is not counted. */
    private static final int WARM_UP = 5;

    private static final int MESSAGES = RATE * (WARM_UP + SECONDS);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);
    private static final String BEFORE_NUMBER = "{\"number\":\"";
    private static final String AFTER_NUMBER = "\",\"filler\":\"" + "x".repeat(618) + "\"}";
    private static final String DATABASE = "latency";

    @Test
    void latency() throws Exception {
        List<Peer> all = new ArrayList<>(List.of(OwnOutbox::open));
        all.addAll(Peer.all());
        Map<String, Spread> medians = new LinkedHashMap<>();
        Map<String, Spread> tails = new LinkedHashMap<>();
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            for (int round = -1; round < ROUNDS; round++) {
                for (Peer peer : all) {
                    try (OutboxUnderTest outbox = peer.open(postgres, redis, DATABASE)) {
                        double[] latencies = measure(outbox, redis, DATABASE);
                        if (round >= 0) {
                            spread(medians, outbox).add(percentile(latencies, 50));
                            spread(tails, outbox).add(percentile(latencies, 99));
                        }
                    }
                    postgres.jdbc().execute("DROP DATABASE " + DATABASE + " WITH (FORCE)");
                    redis.run("FLUSHALL");
                }
            }
            report(medians, tails, postgres.version());
        }
    }

    private static Spread spread(Map<String, Spread> figures, OutboxUnderTest outbox) {
        return figures.computeIfAbsent(outbox.name(), name -> new Spread());
    }

    private static void report(Map<String, Spread> medians, Map<String, Spread> tails, String version) {
        StringBuilder text = new StringBuilder("""
                | %d messages a second, %d s, without HTTP | p50, ms | p99, ms |
                |---|---|---|
                """.formatted(RATE, SECONDS));
        medians.forEach((name, median) -> text.append("| %s | %s | %s |%n"
                .formatted(name, median.text("%.1f"), tails.get(name).text("%.1f"))));
        text.append("""

                By %d threads, from publish's return, when its transaction is committed, to a consumer's BRPOP; one that arrives \
                before publish returns counts as 0. Each is started anew for each round, of which the first %d s are not counted. \
                %d rounds after a warm-up, in turn; median (least to most). %s
                """.formatted(THREADS, WARM_UP, ROUNDS, PerformanceDocument.machine(version)));
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
            outbox.publish("model-" + number % 1000, BEFORE_NUMBER + String.format("%08d", number) + AFTER_NUMBER);
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
                    int at = element.indexOf(BEFORE_NUMBER) + BEFORE_NUMBER.length(); // this project's have an envelope
                    popped[Integer.parseInt(element.substring(at, at + 8))] = now;
                    count++;
                }
            }
        }
    }

    private static double percentile(double[] sorted, int percent) {
        return sorted[(int) Math.ceil(sorted.length * percent / 100.0) - 1];
    }
}

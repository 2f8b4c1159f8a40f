package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.TestOutbox;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What a message adds to a small transaction: one business row with and without it. Interleaved in one run. */
class PriceBenchmark {

    private static final int THREADS = 8;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration MEASURED = Scale.seconds(10);
    private static final String PAYLOAD = "{\"filler\":\"" + "x".repeat(637) + "\"}";

    @Test
    void price() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                HikariDataSource pool = BenchmarkDatabase.migrated(postgres, "price", THREADS)) {
            TestOutbox outbox = TestOutbox.on(pool, Duration.ofHours(1));
            outbox.jdbc().execute("CREATE TABLE purchase (id UUID PRIMARY KEY, item TEXT NOT NULL)");
            Spread without = new Spread();
            Spread with = new Spread();
            for (int round = -1; round < ROUNDS; round++) {
                double bare = transactionsPerSecond(outbox, false);
                double told = transactionsPerSecond(outbox, true);
                if (round >= 0) {
                    without.add(bare);
                    with.add(told);
                }
            }
            PerformanceDocument.write("price", """
                    | %d threads | transactions a second |
                    |---|---|
                    | a row | %s |
                    | a row and a message of 650 bytes | %s |
                    | with by without | %s |

                    %d rounds of %d s after a warm-up, in turn; median (least to most). %s
                    """.formatted(
                            THREADS,
                            without.text("%,.0f"),
                            with.text("%,.0f"),
                            with.per(without).text("%.2f"),
                            ROUNDS,
                            MEASURED.toSeconds(),
                            PerformanceDocument.machine(postgres.version())));
        }
    }

    private static double transactionsPerSecond(TestOutbox outbox, boolean withMessage) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            long start = System.nanoTime();
            List<Future<Integer>> running = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                running.add(threads.submit(buy(outbox, withMessage, start + MEASURED.toNanos())));
            }
            long transactions = 0;
            for (Future<Integer> one : running) {
                transactions += one.get();
            }
            return transactions * 1e9 / (System.nanoTime() - start);
        } finally {
            threads.shutdownNow();
        }
    }

    private static Callable<Integer> buy(TestOutbox outbox, boolean withMessage, long deadline) {
        return () -> {
            int transactions = 0;
            while (System.nanoTime() < deadline) {
                UUID id = UUID.randomUUID();
                String item = "model-" + transactions++ % 1000;
                outbox.transaction().executeWithoutResult(status -> {
                    outbox.jdbc().update("INSERT INTO purchase (id, item) VALUES (?, ?)", id, item);
                    if (withMessage) {
                        outbox.outbox().append(NewMessage.of(item, "purchased", PAYLOAD));
                    }
                });
            }
            return transactions;
        };
    }
}

package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/**
 * What a message adds to a small transaction: one row of the application's own with and without it, while messages wait and while
 * they are delivered; the same by hand, and with other libraries where the build has them. Interleaved in one run.
 */
class PriceBenchmark {

    private static final int THREADS = 8;
    private static final int ROUNDS = Scale.rounds(Peer.all().isEmpty() ? 5 : 3);
    private static final Duration MEASURED = Scale.seconds(10);
    private static final String QUEUE = "price";
    private static final String PAYLOAD = OutboxUnderTest.PAYLOAD;

    /** Of one outbox. */
    private record Figures(Spread row, Spread waiting, Spread delivering, Spread delivered) {
        Figures() {
            this(new Spread(), new Spread(), new Spread(), new Spread());
        }
    }

    private interface Purchase {
        /** Buys an item, in a transaction. */
        void buy(String item) throws Exception;
    }

    @Test
    void price() throws Exception {
        List<Peer> peers = Peer.allAndThisProject();
        Map<String, Figures> all = new LinkedHashMap<>();
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                HikariDataSource pool = BenchmarkDatabase.migrated(postgres, "by_hand", THREADS)) {
            try (Connection connection = pool.getConnection()) {
                connection.createStatement().execute(DeliveringOutbox.PURCHASES);
            }
            for (int round = -1; round < ROUNDS; round++) {
                for (Peer peer : peers) {
                    measure(peer, postgres, redis, round < 0 ? new LinkedHashMap<>() : all);
                }
                Figures byHand = round < 0 ? new Figures() : all.computeIfAbsent("by hand", name -> new Figures());
                byHand.row().add(rate(byHand(pool, false)));
                byHand.waiting().add(rate(byHand(pool, true)));
            }
            PerformanceDocument.write("price", report(all) + PerformanceDocument.machine(postgres.version()) + "\n");
        }
    }

    private static void measure(Peer peer, PostgresCluster postgres, TestRedis redis, Map<String, Figures> all)
            throws Exception {
        try (DeliveringOutbox outbox = peer.open(postgres, redis, QUEUE)) {
            outbox.fill(0);
            Figures figures = all.computeIfAbsent(outbox.name(), name -> new Figures());
            figures.row().add(rate(item -> outbox.purchase(item, null)));
            figures.waiting().add(rate(item -> outbox.purchase(item, PAYLOAD)));
        }
        cleanUp(postgres, redis);
        try (DeliveringOutbox outbox = peer.open(postgres, redis, QUEUE)) {
            outbox.fill(0);
            Figures figures = all.computeIfAbsent(outbox.name(), name -> new Figures());
            outbox.startDelivering();
            double rate = rate(item -> outbox.purchase(item, PAYLOAD));
            figures.delivering().add(rate);
            figures.delivered().add(100 * (Long) redis.run("LLEN", QUEUE) / (rate * MEASURED.toSeconds()));
        }
        cleanUp(postgres, redis);
    }

    private static void cleanUp(PostgresCluster postgres, TestRedis redis) {
        BenchmarkDatabase.drop(postgres, QUEUE);
        redis.run("FLUSHALL");
    }

    private static String report(Map<String, Figures> all) {
        StringBuilder text = new StringBuilder("""
                | %d threads, transactions a second | a row | with a message, by that: delivery paused | delivery running | of these delivered at the end |
                |---|---|---|---|---|
                """.formatted(THREADS));
        all.forEach((name, figures) -> text.append("| %s | %s | %s | %s | %s |%n"
                .formatted(
                        name,
                        figures.row().text("%,.0f"),
                        figures.waiting().per(figures.row()).text("%.2f"),
                        figures.delivering().isEmpty()
                                ? ""
                                : figures.delivering().per(figures.row()).text("%.2f"),
                        figures.delivered().isEmpty() ? "" : figures.delivered().text("%.0f %%"))));
        return text
                + "%n%d rounds of %d s after a warm-up, in turn; median (least to most). "
                        .formatted(ROUNDS, MEASURED.toSeconds());
    }

    /** With nothing but the driver and the pool. */
    private static Purchase byHand(DataSource pool, boolean withMessage) {
        return item -> {
            try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                try (PreparedStatement row = connection.prepareStatement(DeliveringOutbox.PURCHASE)) {
                    row.setObject(1, UUID.randomUUID());
                    row.setString(2, item);
                    row.executeUpdate();
                }
                if (withMessage) {
                    insertMessage(connection, NewMessage.of(item, "purchased", PAYLOAD));
                }
                connection.commit();
            }
        };
    }

    private static void insertMessage(Connection connection, NewMessage message) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
                VALUES (?, ?, ?, ?, ?)
                """)) {
            insert.setObject(1, message.messageId());
            insert.setInt(2, 0);
            insert.setString(3, message.key());
            insert.setString(4, message.type());
            insert.setString(5, message.payload());
            insert.executeUpdate();
        }
    }

    /** Transactions a second, by all threads. */
    private static double rate(Purchase way) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            long start = System.nanoTime();
            List<Future<Integer>> running = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                running.add(threads.submit(buyUntil(start + MEASURED.toNanos(), way)));
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

    private static Callable<Integer> buyUntil(long deadline, Purchase purchase) {
        return () -> {
            int transactions = 0;
            while (System.nanoTime() < deadline) {
                purchase.buy("model-" + transactions++ % 1000);
            }
            return transactions;
        };
    }
}

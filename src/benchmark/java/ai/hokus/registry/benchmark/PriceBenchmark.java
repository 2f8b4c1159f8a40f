package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.TestOutbox;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What a message adds to a small transaction: one business row with and without it, and what it adds written by hand.
 * Interleaved in one run.
 */
class PriceBenchmark {

    private static final int THREADS = 8;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration MEASURED = Scale.seconds(10);
    private static final String PURCHASE = "INSERT INTO purchase (id, item) VALUES (?, ?)";
    private static final String PAYLOAD = "{\"filler\":\"" + "x".repeat(637) + "\"}";

    @Test
    void price() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                HikariDataSource pool = BenchmarkDatabase.migrated(postgres, "price", THREADS)) {
            TestOutbox outbox = TestOutbox.on(pool, Duration.ofHours(1));
            outbox.jdbc().execute("CREATE TABLE purchase (id UUID PRIMARY KEY, item TEXT NOT NULL)");
            Way row = new Way("a row", null, withSpring(outbox, false));
            Way message = new Way("a row and a message of 650 bytes", row, withSpring(outbox, true));
            Way rowByHand = new Way("a row, by hand", null, byHand(pool, false));
            Way messageByHand = new Way("a row and a message, by hand", rowByHand, byHand(pool, true));
            List<Way> ways = List.of(row, message, rowByHand, messageByHand);
            for (int round = -1; round < ROUNDS; round++) {
                for (Way way : ways) {
                    double rate = transactionsPerSecond(way.purchase);
                    if (round >= 0) {
                        way.rates.add(rate);
                    }
                }
            }
            PerformanceDocument.write("price", report(ways) + PerformanceDocument.machine(postgres.version()) + "\n");
        }
    }

    /** @param without the same without the message; null: this one has none */
    private record Way(String name, @Nullable Way without, Purchase purchase, Spread rates) {
        Way(String name, @Nullable Way without, Purchase purchase) {
            this(name, without, purchase, new Spread());
        }

        String line() {
            String ratio = without == null ? "" : rates.per(without.rates).text("%.2f");
            return "| %s | %s | %s |%n".formatted(name, rates.text("%,.0f"), ratio);
        }
    }

    private static String report(List<Way> ways) {
        StringBuilder text = new StringBuilder("""
                | %d threads | transactions a second | with the message by without |
                |---|---|---|
                """.formatted(THREADS));
        ways.forEach(way -> text.append(way.line()));
        return text
                + "%n%d rounds of %d s after a warm-up, in turn; median (least to most). "
                        .formatted(ROUNDS, MEASURED.toSeconds());
    }

    private interface Purchase {
        /** Buys an item, in a transaction. */
        void buy(String item) throws SQLException;
    }

    private static Purchase withSpring(TestOutbox outbox, boolean withMessage) {
        return item -> {
            UUID id = UUID.randomUUID();
            outbox.transaction().executeWithoutResult(status -> {
                outbox.jdbc().update(PURCHASE, id, item);
                if (withMessage) {
                    outbox.outbox().append(List.of(NewMessage.of(item, "purchased", PAYLOAD)));
                }
            });
        };
    }

    /** With nothing but the driver and the pool. */
    private static Purchase byHand(DataSource pool, boolean withMessage) {
        return item -> {
            try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                try (PreparedStatement row = connection.prepareStatement(PURCHASE)) {
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

    private static double transactionsPerSecond(Purchase way) throws Exception {
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

package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Scale;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Whether a relay is as fast on a table full of delivered messages, on a long backlog, while somebody holds a snapshot, and while
 * another transaction of the same cluster writes, as on an empty table and alone.
 */
class FlatnessBenchmark {

    private static final int MESSAGES = 100_000;
    /** So many pass in half a second, so they do it some times in each round. */
    private static final int DRAINS = 5;

    private static final int DELIVERED = Integer.getInteger("benchmark.delivered", 2_000_000);
    private static final int BACKLOG = Integer.getInteger("benchmark.backlog", 1_000_000);
    /** Takes three minutes a round, so only with {@code -Dbenchmark.large=true}. */
    private static final int LARGE_BACKLOG = 5_000_000;

    private static final boolean LARGE = Boolean.getBoolean("benchmark.large");
    private static final int BATCH = 500;
    private static final int ROUNDS = Scale.rounds(3);

    /** So many take some seconds: each is a claim, with its commit, and an append. */
    private static final int ONE_BY_ONE = 4_000;

    private static final String ALONE = "%,d pending, nothing else".formatted(MESSAGES);
    private static final String ALONE_BACKLOG = "%,d pending".formatted(BACKLOG);
    private static final String BY_HAND = "the loop by hand, %,d pending".formatted(MESSAGES);
    private static final String ONE_BY_ONE_ALONE = "one by one, nothing else";

    private final Map<String, Spread> rates = new LinkedHashMap<>();

    /** Of the current round. */
    private final Map<String, Drained> drains = new LinkedHashMap<>();

    private record Drained(int messages, Duration took) {

        Drained plus(Drained other) {
            return new Drained(messages + other.messages, took.plus(other.took));
        }

        double rate() {
            return messages / (took.toNanos() / 1e9);
        }
    }

    @Test
    void flat() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            BenchmarkServers servers = new BenchmarkServers(postgres, redis);
            try (OwnOutbox empty = new OwnOutbox("an empty table", BATCH, servers);
                    OwnOutbox full = new OwnOutbox("delivered before", BATCH, servers);
                    OwnOutbox backlog = new OwnOutbox("a long backlog", BATCH, servers);
                    NewLoop byHand = new NewLoop("by hand", BATCH, servers);
                    OwnOutbox single = new OwnOutbox("one by one", 1, servers)) {
                full.fillDelivered(DELIVERED);
                for (int round = -1; round < ROUNDS; round++) {
                    boolean warmUp = round < 0; // with the longest backlog: memory that Redis has never used is slow
                    for (int drain = 0; drain < DRAINS; drain++) {
                        measure(ALONE, empty, MESSAGES);
                        full.add(MESSAGES);
                        drain("%,d pending, %,d delivered before".formatted(MESSAGES, DELIVERED), full, MESSAGES);
                        measure(BY_HAND, byHand, MESSAGES);
                    }
                    undisturbed(backlog, single);
                    if (!warmUp) {
                        whileASnapshotIsHeld(backlog, single);
                        undisturbed(backlog, single);
                        whileAnotherTransactionWrites(postgres, backlog, single);
                        undisturbed(backlog, single);
                    }
                    measure("the loop by hand, %,d pending".formatted(BACKLOG), byHand, BACKLOG);
                    if (LARGE) {
                        measure("%,d pending".formatted(LARGE_BACKLOG), backlog, LARGE_BACKLOG);
                        measure("the loop by hand, %,d pending".formatted(LARGE_BACKLOG), byHand, LARGE_BACKLOG);
                    }
                    endRound(warmUp);
                }
                report(postgres.version());
            }
        }
    }

    /** Before, between and after the disturbed ones: all count, so that a disk that becomes slower or faster affects both. */
    private void undisturbed(OwnOutbox backlog, OwnOutbox single) throws Exception {
        measure(ALONE_BACKLOG, backlog, BACKLOG);
        measure(ONE_BY_ONE_ALONE, single, ONE_BY_ONE);
    }

    /** It is held while the backlog passes in batches, and is that old when messages pass one by one. */
    private void whileASnapshotIsHeld(OwnOutbox backlog, OwnOutbox single) throws Exception {
        try (Connection first =
                        BenchmarkDatabase.holdSnapshot(backlog.database().getConnection());
                Connection second =
                        BenchmarkDatabase.holdSnapshot(single.database().getConnection())) {
            measure(ALONE_BACKLOG + ", a snapshot held while they pass", backlog, BACKLOG);
            measure("one by one, a snapshot held for as long", single, ONE_BY_ONE);
            first.rollback();
            second.rollback();
        }
    }

    /** In another database: a row every 5 ms, all in one transaction. */
    private void whileAnotherTransactionWrites(PostgresCluster postgres, OwnOutbox backlog, OwnOutbox single)
            throws Exception {
        try (Connection writer = DriverManager.getConnection(postgres.url("postgres"), "postgres", "")) {
            execute(writer, "CREATE TABLE IF NOT EXISTS elsewhere (n BIGINT)");
            writer.setAutoCommit(false);
            execute(writer, "INSERT INTO elsewhere VALUES (0)");
            Writing writing = new Writing(writer);
            writing.start();
            measure(ALONE_BACKLOG + ", another transaction writing", backlog, BACKLOG);
            measure("one by one, another transaction writing", single, ONE_BY_ONE);
            writing.end();
            writer.rollback();
        }
    }

    private static final class Writing extends Thread {

        private final Connection connection;
        private volatile boolean stopping;
        private volatile SQLException failure;

        Writing(Connection connection) {
            super("writer");
            this.connection = connection;
        }

        @Override
        public void run() {
            try {
                while (!stopping) {
                    execute(connection, "INSERT INTO elsewhere VALUES (1)");
                    LockSupport.parkNanos(5_000_000);
                }
            } catch (SQLException e) {
                failure = e;
            }
        }

        void end() throws Exception {
            stopping = true;
            join();
            if (failure != null) {
                throw failure;
            }
        }
    }

    private void measure(String name, MeasuredOutbox outbox, int messages) throws Exception {
        outbox.fill(messages);
        drain(name, outbox, messages);
    }

    private void drain(String name, MeasuredOutbox outbox, int messages) throws Exception {
        Duration took = outbox.drain();
        outbox.redis().run("DEL", outbox.queueName());
        drains.merge(name, new Drained(messages, took), Drained::plus);
    }

    private void endRound(boolean warmUp) {
        if (!warmUp) {
            drains.forEach((name, drained) ->
                    rates.computeIfAbsent(name, unused -> new Spread()).add(drained.rate()));
        }
        drains.clear();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void report(String version) {
        StringBuilder text = new StringBuilder("""
                | in the table | messages a second | by the undisturbed one of its kind |
                |---|---|---|
                """);
        rates.forEach((name, rate) -> text.append("| %s | %s | %s |%n"
                .formatted(
                        name,
                        rate.text("%,.0f"),
                        rate.per(rates.get(alone(name))).text("%.2f"))));
        text.append("%n%d rounds after a warm-up, in turn; median (least to most). %s%n"
                .formatted(ROUNDS, PerformanceDocument.machine(version)));
        PerformanceDocument.write("flat", text.toString());
    }

    private static String alone(String name) {
        if (name.startsWith("one by one")) {
            return ONE_BY_ONE_ALONE;
        }
        if (name.startsWith(ALONE_BACKLOG + ", ")) {
            return ALONE_BACKLOG;
        }
        return name.startsWith("the loop by hand") ? BY_HAND : ALONE;
    }
}

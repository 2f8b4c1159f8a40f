package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
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
    private static final int DELIVERED = Integer.getInteger("benchmark.delivered", 2_000_000);
    private static final int BACKLOG = Integer.getInteger("benchmark.backlog", 1_000_000);
    private static final int ROUNDS = Integer.getInteger("benchmark.rounds", 3);

    /** So many take some seconds: each is a claim, with its commit, and an append. */
    private static final int ONE_BY_ONE = 4_000;

    private final Map<String, Spread> rates = new LinkedHashMap<>();

    @Test
    void flat() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            BenchmarkServers servers = new BenchmarkServers(postgres, redis);
            try (OwnOutbox empty = new OwnOutbox("an empty table", 500, servers);
                    OwnOutbox full = new OwnOutbox("delivered before", 500, servers);
                    OwnOutbox backlog = new OwnOutbox("a long backlog", 500, servers);
                    OwnOutbox single = new OwnOutbox("one by one", 1, servers)) {
                full.fillDelivered(DELIVERED);
                for (int round = -1; round < ROUNDS; round++) {
                    boolean warmUp = round < 0; // warm by then, and a million takes long
                    measure("%,d pending, nothing else".formatted(MESSAGES), empty, MESSAGES, warmUp);
                    full.add(MESSAGES);
                    drain("%,d pending, %,d delivered before".formatted(MESSAGES, DELIVERED), full, MESSAGES, warmUp);
                    redis.run("DEL", full.queueName());
                    measure("one by one, nothing else", single, ONE_BY_ONE, warmUp);
                    if (!warmUp) {
                        measure("%,d pending".formatted(BACKLOG), backlog, BACKLOG, false);
                        whileASnapshotIsHeld(backlog, single);
                        whileAnotherTransactionWrites(postgres, backlog, single);
                    }
                }
                report(postgres.version());
            }
        }
    }

    /** It is held while the backlog passes in batches, and is that old when messages pass one by one. */
    private void whileASnapshotIsHeld(OwnOutbox backlog, OwnOutbox single) throws Exception {
        try (Connection first = snapshot(backlog);
                Connection second = snapshot(single)) {
            measure("%,d pending, a snapshot held while they pass".formatted(BACKLOG), backlog, BACKLOG, false);
            measure("one by one, a snapshot held for as long", single, ONE_BY_ONE, false);
            first.rollback();
            second.rollback();
        }
    }

    private static Connection snapshot(OwnOutbox outbox) throws SQLException {
        Connection reader = outbox.database().getConnection();
        reader.setAutoCommit(false);
        reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        execute(reader, "SELECT count(*) FROM outbox_partition");
        return reader;
    }

    /** In another database: a row every 5 ms, all in one transaction. */
    private void whileAnotherTransactionWrites(PostgresCluster postgres, OwnOutbox backlog, OwnOutbox single)
            throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + postgres.port() + "/postgres";
        try (Connection writer = DriverManager.getConnection(url, "postgres", "")) {
            execute(writer, "CREATE TABLE IF NOT EXISTS elsewhere (n BIGINT)");
            writer.setAutoCommit(false);
            execute(writer, "INSERT INTO elsewhere VALUES (0)");
            Writing writing = new Writing(writer);
            writing.start();
            measure("%,d pending, another transaction writing".formatted(BACKLOG), backlog, BACKLOG, false);
            measure("one by one, another transaction writing", single, ONE_BY_ONE, false);
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

    private void measure(String name, OwnOutbox outbox, int messages, boolean warmUp) throws Exception {
        outbox.fill(messages);
        drain(name, outbox, messages, warmUp);
        outbox.redis().run("DEL", outbox.queueName());
    }

    private void drain(String name, OwnOutbox outbox, int messages, boolean warmUp) throws Exception {
        double rate = messages / (outbox.drain().toNanos() / 1e9);
        if (!warmUp) {
            rates.computeIfAbsent(name, unused -> new Spread()).add(rate);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void report(String version) {
        Spread batches = rates.values().iterator().next();
        Spread single = rates.get("one by one, nothing else");
        StringBuilder text = new StringBuilder("""
                | in the table | messages a second | by the one with nothing else |
                |---|---|---|
                """);
        rates.forEach((name, rate) -> text.append("| %s | %s | %s |%n"
                .formatted(
                        name,
                        rate.text("%,.0f"),
                        rate.per(name.startsWith("one by one") ? single : batches)
                                .text("%.2f"))));
        text.append("%n%d rounds after a warm-up, in turn; median (least to most). %s%n"
                .formatted(ROUNDS, PerformanceDocument.machine(version)));
        PerformanceDocument.write("flat", text.toString());
    }
}

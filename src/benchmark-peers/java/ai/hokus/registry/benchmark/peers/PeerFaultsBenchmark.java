package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.RedisFaults;
import ai.hokus.registry.benchmark.RedisFaults.Candidate;
import ai.hokus.registry.benchmark.Scale;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * What the same failures of Redis do to the messages of this project and of other libraries, and a snapshot that somebody holds
 * to their rates; one after the other, each with servers that nothing else uses.
 */
class PeerFaultsBenchmark {

    private static final int MESSAGES = Integer.getInteger("benchmark.messages", 30_000);
    private static final int ROUNDS = Scale.rounds(3);

    private static final String DATABASE = "faults";

    private final RedisFaults faults = new RedisFaults();
    private final StringBuilder snapshots = new StringBuilder();

    @Test
    void faults() throws Exception {
        List<Peer> all = Peer.allAndThisProject();
        try (PostgresCluster postgres = PostgresCluster.start()) {
            for (Peer peer : all) {
                failures(peer, postgres);
                snapshot(peer, postgres);
            }
            report(postgres.version());
        }
    }

    private void failures(Peer peer, PostgresCluster postgres) throws Exception {
        try (TestRedis redis = TestRedis.start(RedisFaults.SETTINGS);
                DeliveringOutbox outbox = peer.open(postgres, redis, DATABASE)) {
            silence();
            outbox.startDelivering();
            faults.play(redis, List.of(Candidate.of(outbox, redis, DATABASE)), () -> {});
        }
        drop(postgres);
    }

    /** Some libraries write a stack trace for each call that fails. */
    private static void silence() {
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
    }

    private void snapshot(Peer peer, PostgresCluster postgres) throws Exception {
        Spread undisturbed = new Spread();
        Spread disturbed = new Spread();
        try (TestRedis redis = TestRedis.start();
                DeliveringOutbox outbox = peer.open(postgres, redis, DATABASE)) {
            for (int round = -1; round < ROUNDS; round++) {
                boolean warmUp = round < 0;
                outbox.fill(MESSAGES);
                add(warmUp ? new Spread() : undisturbed, outbox.drain());
                outbox.fill(MESSAGES);
                try (Connection reader = BenchmarkDatabase.holdSnapshot(session(postgres))) {
                    add(warmUp ? new Spread() : disturbed, outbox.drain());
                    reader.rollback();
                }
            }
            snapshots.append("| %s | %s | %s | %s |%n"
                    .formatted(
                            outbox.name(),
                            undisturbed.text("%,.0f"),
                            disturbed.text("%,.0f"),
                            disturbed.per(undisturbed).text("%.2f")));
        }
        drop(postgres);
    }

    private static Connection session(PostgresCluster postgres) throws Exception {
        return DriverManager.getConnection(postgres.url(DATABASE), "postgres", "");
    }

    private static void add(Spread rates, Duration took) {
        rates.add(MESSAGES / (took.toNanos() / 1e9));
    }

    private static void drop(PostgresCluster postgres) {
        BenchmarkDatabase.drop(postgres, DATABASE);
    }

    private void report(String version) {
        PerformanceDocument.write("peer-faults", """
                %s
                | %,d pending messages of 650 bytes, 1,000 models | messages a second | while somebody holds a snapshot | by that without |
                |---|---|---|---|
                %s
                One outbox after the other. %s The snapshot: a REPEATABLE READ session that is open for as long as the messages pass; \
                %d rounds after a warm-up, both in turn; median (least to most). %s
                """.formatted(
                        faults.table(),
                        MESSAGES,
                        snapshots,
                        RedisFaults.settings(),
                        ROUNDS,
                        PerformanceDocument.machine(version)));
    }
}

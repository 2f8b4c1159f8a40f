package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * How many bytes of write-ahead log and of disk a message costs PostgreSQL, from its transaction to the end of its delivery;
 * with other libraries too, where the build has them.
 */
class FootprintBenchmark {

    private static final int ROUNDS = Scale.rounds(3);
    private static final int PER_SECOND = 1_000;
    private static final Duration PUBLISHING = Scale.seconds(20);
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(60);
    private static final String DATABASE = "footprint";

    /** Of one outbox, in bytes per message. */
    private record Figures(Spread log, Spread disk) {}

    @Test
    void footprint() throws Exception {
        List<Peer> peers = Peer.allAndThisProject();
        Map<String, Figures> all = new LinkedHashMap<>();
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            for (int round = 0; round < ROUNDS; round++) {
                for (Peer peer : peers) {
                    measure(peer, postgres, redis, all);
                    BenchmarkDatabase.drop(postgres, DATABASE);
                    redis.run("FLUSHALL");
                }
            }
            PerformanceDocument.write(
                    "footprint", report(all) + PerformanceDocument.machine(postgres.version()) + "\n");
        }
    }

    private static void measure(Peer peer, PostgresCluster postgres, TestRedis redis, Map<String, Figures> all)
            throws Exception {
        try (DeliveringOutbox outbox = peer.open(postgres, redis, DATABASE)) {
            outbox.fill(0);
            outbox.startDelivering();
            int messages = PER_SECOND * (int) PUBLISHING.toSeconds();
            postgres.jdbc().execute("CHECKPOINT");
            long log = BenchmarkDatabase.writeAheadLog(postgres.jdbc());
            long disk = BenchmarkDatabase.size(postgres, DATABASE);
            NumberedMessages.publish(outbox::publish, PER_SECOND, messages);
            Await.until(
                    outbox.name() + " has delivered everything",
                    DELIVERY_TIMEOUT,
                    () -> (Long) redis.run("LLEN", DATABASE) >= messages && outbox.pending() == 0);
            Figures figures = all.computeIfAbsent(outbox.name(), name -> new Figures(new Spread(), new Spread()));
            figures.log().add((BenchmarkDatabase.writeAheadLog(postgres.jdbc()) - log) / (double) messages);
            figures.disk().add((BenchmarkDatabase.size(postgres, DATABASE) - disk) / (double) messages);
        }
    }

    private static String report(Map<String, Figures> all) {
        StringBuilder text = new StringBuilder("""
                | a message of 650 bytes, %,d a second, in bytes | of write-ahead log | on disk when all is delivered |
                |---|---|---|
                """.formatted(PER_SECOND));
        all.forEach((name, figures) -> text.append("| %s | %s | %s |%n"
                .formatted(name, figures.log().text("%,.0f"), figures.disk().text("%,.0f"))));
        return text
                + "%n%d rounds of %d s, each after a checkpoint and in a new database, in turn; each message in a transaction of its own; median (least to most). "
                        .formatted(ROUNDS, PUBLISHING.toSeconds());
    }
}

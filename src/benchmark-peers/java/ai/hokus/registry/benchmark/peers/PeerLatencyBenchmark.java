package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.CommitLatency;
import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.NumberedMessages;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Scale;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * How long after its commit a message reaches a consumer that waits for it: other libraries', and this project's in the same
 * way, by its outbox in a transaction and its relay, without HTTP and the rest of the service.
 */
class PeerLatencyBenchmark {

    private static final int SECONDS = Integer.getInteger("benchmark.seconds", 20);
    private static final int ROUNDS = Scale.rounds(3);

    /** Of each measurement, for what starts with the outbox; compilers have their time in the round that is not counted. */
    private static final int WARM_UP = 5;

    private static final String DATABASE = "latency";

    @Test
    void latency() throws Exception {
        List<Peer> all = Peer.allAndThisProject();
        Map<String, Spread> medians = new LinkedHashMap<>();
        Map<String, Spread> tails = new LinkedHashMap<>();
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            for (int round = -1; round < ROUNDS; round++) {
                for (Peer peer : all) {
                    try (DeliveringOutbox outbox = peer.open(postgres, redis, DATABASE)) {
                        outbox.startDelivering();
                        CommitLatency latency = CommitLatency.measure(
                                outbox::publish, () -> CommitLatency.popping(redis, DATABASE), WARM_UP, SECONDS);
                        if (round >= 0) {
                            spread(medians, outbox).add(latency.median());
                            spread(tails, outbox).add(latency.p99());
                        }
                    }
                    BenchmarkDatabase.drop(postgres, DATABASE);
                    redis.run("FLUSHALL");
                }
            }
            report(medians, tails, postgres.version());
        }
    }

    private static Spread spread(Map<String, Spread> figures, DeliveringOutbox outbox) {
        return figures.computeIfAbsent(outbox.name(), name -> new Spread());
    }

    private static void report(Map<String, Spread> medians, Map<String, Spread> tails, String version) {
        StringBuilder text = new StringBuilder("""
                | %d messages a second, %d s, without HTTP | p50, ms | p99, ms |
                |---|---|---|
                """.formatted(CommitLatency.PER_SECOND, SECONDS));
        medians.forEach((name, median) -> text.append("| %s | %s | %s |%n"
                .formatted(name, median.text("%.1f"), tails.get(name).text("%.1f"))));
        text.append("""

                By %d threads, from publish's return, when its transaction is committed, to a consumer's BRPOP; one that arrives \
                before publish returns counts as 0. Each is started anew for each round, of which the first %d s are not counted. \
                %d rounds after a warm-up, in turn; median (least to most). %s
                """.formatted(NumberedMessages.THREADS, WARM_UP, ROUNDS, PerformanceDocument.machine(version)));
        PerformanceDocument.write("peer-latency", text.toString());
    }
}

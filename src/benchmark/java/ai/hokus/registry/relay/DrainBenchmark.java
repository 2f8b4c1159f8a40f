package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * How fast one relay empties a backlog, against a loop written by hand that does the same statements and the same script
 * with plain JDBC and a plain socket, and against other libraries where the build has them. Interleaved in one run.
 */
class DrainBenchmark {

    private static final int MESSAGES = Integer.getInteger("benchmark.messages", 100_000);

    /** Some libraries take a minute for a round; one relay takes three seconds. */
    private static final int ROUNDS =
            Integer.getInteger("benchmark.rounds", Peer.all().isEmpty() ? 5 : 3);

    /** Even so they run for longer than one relay, which warms up with {@link #MESSAGES}. */
    private static final int PEERS_WARM_UP = Math.min(MESSAGES, 20_000);

    @Test
    void drain() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            List<OutboxUnderTest> outboxes = new ArrayList<>();
            try {
                outboxes.add(new OwnOutbox("one relay", postgres, redis, OwnOutbox::relay));
                outboxes.add(new OwnOutbox(
                        "the same statements and the same script by hand",
                        postgres,
                        redis,
                        outbox -> new HandWrittenLoop(outbox).run()));
                for (Peer peer : Peer.all()) {
                    outboxes.add(peer.open(postgres, redis, "peer-" + outboxes.size()));
                }
                report(measure(outboxes, redis), postgres.version());
            } finally {
                outboxes.forEach(OutboxUnderTest::close);
            }
        }
    }

    /** Messages a second of each, by its name; the first round warms up, for others with fewer messages. */
    private static Map<String, Spread> measure(List<OutboxUnderTest> outboxes, TestRedis redis) throws Exception {
        Map<String, Spread> rates = new LinkedHashMap<>();
        for (int round = -1; round < ROUNDS; round++) {
            for (OutboxUnderTest outbox : outboxes) {
                int messages = round >= 0 || outbox instanceof OwnOutbox ? MESSAGES : PEERS_WARM_UP;
                outbox.fill(messages);
                double seconds = outbox.drain().toNanos() / 1e9;
                if (round >= 0) {
                    rates.computeIfAbsent(outbox.name(), name -> new Spread()).add(messages / seconds);
                }
                redis.run("FLUSHALL");
            }
        }
        return rates;
    }

    private static void report(Map<String, Spread> rates, String version) {
        Spread relay = rates.values().iterator().next();
        StringBuilder text = new StringBuilder("""
                | %,d pending messages of 650 bytes, 1,000 models, one partition | messages a second | one relay by this |
                |---|---|---|
                """.formatted(MESSAGES));
        rates.forEach((name, rate) -> text.append("| %s | %s | %s |%n"
                .formatted(name, rate.text("%,.0f"), relay.per(rate).text("%.2f"))));
        text.append("%n%d rounds after a warm-up%s, in turn; median (least to most). %s%n"
                .formatted(
                        ROUNDS,
                        Peer.all().isEmpty() ? "" : " (%,d messages for other libraries)".formatted(PEERS_WARM_UP),
                        PerformanceDocument.machine(version)));
        PerformanceDocument.write("drain", text.toString());
    }
}

package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Scale;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * How fast one relay empties a backlog, what it writes for that, and what remains on disk: against two loops written by hand with
 * plain JDBC and a plain socket, one in the usual way, which updates each message, and one with the relay's own statements; and
 * against other libraries where the build has them. Interleaved in one run.
 */
class DrainBenchmark {

    private static final int MESSAGES = Integer.getInteger("benchmark.messages", 300_000);

    /** Other libraries take up to half a minute for as many. */
    private static final int PEERS_MESSAGES = Math.min(MESSAGES, 100_000);

    private static final int ROUNDS = Scale.rounds(Peer.all().isEmpty() ? 5 : 3);

    /** They run for as long with it as one relay with two rounds of {@link #MESSAGES}. */
    private static final int PEERS_WARM_UP = Math.min(MESSAGES, 10_000);

    /** Of one outbox; log and disk in bytes per message, for those that tell. */
    private record Figures(Spread rate, Spread log, Spread disk) {
        Figures() {
            this(new Spread(), new Spread(), new Spread());
        }
    }

    @Test
    void drain() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            BenchmarkServers servers = new BenchmarkServers(postgres, redis);
            List<OutboxUnderTest> outboxes = new ArrayList<>();
            try {
                outboxes.add(new OwnOutbox("one relay", servers));
                outboxes.add(new OwnOutbox("one relay, in batches of 1,000", 1000, servers));
                outboxes.add(new NewLoop("its statements and its script by hand", OwnOutbox.BATCH_MESSAGES, servers));
                outboxes.add(new HandWrittenLoop(
                        "the usual way by hand: each message updated", OwnOutbox.BATCH_MESSAGES, servers));
                for (Peer peer : Peer.all()) {
                    outboxes.add(peer.open(postgres, redis, "peer-" + outboxes.size()));
                }
                report(measure(outboxes, redis), postgres.version());
            } finally {
                outboxes.forEach(OutboxUnderTest::close);
            }
        }
    }

    /** By their names; the first two rounds warm up. */
    private static Map<String, Figures> measure(List<OutboxUnderTest> outboxes, TestRedis redis) throws Exception {
        Map<String, Figures> all = new LinkedHashMap<>();
        for (int round = -2; round < ROUNDS; round++) {
            for (OutboxUnderTest outbox : outboxes) {
                boolean peer = !(outbox instanceof MeasuredOutbox);
                int messages = peer ? (round < 0 ? PEERS_WARM_UP : PEERS_MESSAGES) : MESSAGES;
                outbox.fill(messages);
                Figures figures = round < 0 ? new Figures() : all.computeIfAbsent(outbox.name(), name -> new Figures());
                drain(outbox, messages, figures);
                redis.run("FLUSHALL");
            }
        }
        return all;
    }

    private static void drain(OutboxUnderTest outbox, int messages, Figures figures) throws Exception {
        if (outbox instanceof MeasuredOutbox measured) {
            long before = measured.writeAheadLog();
            figures.rate().add(messages / (measured.drain().toNanos() / 1e9));
            figures.log().add((measured.writeAheadLog() - before) / (double) messages);
            figures.disk().add(measured.diskSize() / (double) messages);
        } else {
            figures.rate().add(messages / (outbox.drain().toNanos() / 1e9));
        }
    }

    private static void report(Map<String, Figures> all, String version) {
        Figures relay = all.values().iterator().next();
        StringBuilder rates = new StringBuilder("""
                | %,d pending messages of 650 bytes, 1,000 models, one partition, batches of 2,000 | messages a second | one relay by this |
                |---|---|---|
                """.formatted(MESSAGES));
        StringBuilder bytes = new StringBuilder("""
                | a message, in bytes | write-ahead log, from its claim to its acknowledgement | on disk while it is retained | one relay's disk by this |
                |---|---|---|---|
                """);
        all.forEach((name, figures) -> {
            rates.append("| %s | %s | %s |%n"
                    .formatted(
                            name,
                            figures.rate().text("%,.0f"),
                            relay.rate().per(figures.rate()).text("%.2f")));
            if (!figures.log().isEmpty()) {
                bytes.append("| %s | %s | %s | %s |%n"
                        .formatted(
                                name,
                                figures.log().text("%,.0f"),
                                figures.disk().text("%,.0f"),
                                relay.disk().per(figures.disk()).text("%.2f")));
            }
        });
        String how = "%n%d rounds after two that warm up%s, in turn; median (least to most). %s%n"
                .formatted(
                        ROUNDS,
                        Peer.all().isEmpty()
                                ? ""
                                : " (other libraries: %,d messages, after two rounds with %,d)"
                                        .formatted(PEERS_MESSAGES, PEERS_WARM_UP),
                        PerformanceDocument.machine(version));
        PerformanceDocument.write("drain", rates + how);
        PerformanceDocument.write("bytes", bytes + how);
    }
}

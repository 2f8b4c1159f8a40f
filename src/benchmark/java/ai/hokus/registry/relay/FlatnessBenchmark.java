package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.PerformanceDocument;
import ai.hokus.registry.benchmark.Spread;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whether a relay is as fast on a table full of delivered messages, and on a long backlog, as on an empty table. */
class FlatnessBenchmark {

    private static final int MESSAGES = 100_000;
    private static final int DELIVERED = 2_000_000;
    private static final int BACKLOG = 1_000_000;
    private static final int ROUNDS = 3;

    @Test
    void flat() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                OwnOutbox empty = new OwnOutbox("an empty table", postgres, redis, OwnOutbox::relay);
                OwnOutbox full = new OwnOutbox("delivered before", postgres, redis, OwnOutbox::relay);
                OwnOutbox backlog = new OwnOutbox("a long backlog", postgres, redis, OwnOutbox::relay)) {
            full.fillDelivered(DELIVERED);
            List<Spread> rates = List.of(new Spread(), new Spread(), new Spread());
            for (int round = -1; round < ROUNDS; round++) {
                empty.fill(MESSAGES);
                double first = rate(empty, MESSAGES);
                full.add(MESSAGES);
                double second = rate(full, MESSAGES);
                redis.run("DEL", full.queueName());
                if (round < 0) {
                    continue; // warm by now, and a million takes long
                }
                backlog.fill(BACKLOG);
                double third = rate(backlog, BACKLOG);
                redis.run("DEL", backlog.queueName());
                List<Double> values = List.of(first, second, third);
                for (int i = 0; i < values.size(); i++) {
                    rates.get(i).add(values.get(i));
                }
            }
            report(rates, postgres.version());
        }
    }

    private static double rate(OwnOutbox outbox, int messages) throws Exception {
        return messages / (outbox.drain().toNanos() / 1e9);
    }

    private static void report(List<Spread> rates, String version) {
        List<String> names = new ArrayList<>(List.of(
                "%,d pending, nothing else".formatted(MESSAGES),
                "%,d pending, %,d delivered before".formatted(MESSAGES, DELIVERED),
                "%,d pending".formatted(BACKLOG)));
        StringBuilder text = new StringBuilder("""
                | in the table | messages a second | by the first |
                |---|---|---|
                """);
        for (int i = 0; i < names.size(); i++) {
            text.append("| %s | %s | %s |%n"
                    .formatted(
                            names.get(i),
                            rates.get(i).text("%,.0f"),
                            rates.get(i).per(rates.get(0)).text("%.2f")));
        }
        text.append("%n%d rounds after a warm-up, in turn; median (least to most). %s%n"
                .formatted(ROUNDS, PerformanceDocument.machine(version)));
        PerformanceDocument.write("flat", text.toString());
    }
}

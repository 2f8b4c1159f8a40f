package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What an instance asks of its database and of Redis when there is nothing to do. */
class IdleBenchmark {

    private static final int ROUNDS = Scale.rounds(3);
    private static final Duration MEASURED = Scale.seconds(30);
    private static final Duration SETTLING = Duration.ofSeconds(10);

    @Test
    void idle() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                StatementLog log = new StatementLog(postgres)) {
            Idle one = new Idle(1);
            Idle four = new Idle(4);
            for (int round = 0; round < ROUNDS; round++) {
                one.measure(postgres, redis, log);
                four.measure(postgres, redis, log);
            }
            PerformanceDocument.write("idle", """
                    | partitions | SQL statements a second | commands to Redis a second | commands within scripts a second |
                    |---|---|---|---|
                    %s%s
                    %d rounds of %d s, in turn, every setting at its default; BEGIN and COMMIT counted; median (least to most). %s
                    """.formatted(
                            one.row(),
                            four.row(),
                            ROUNDS,
                            MEASURED.toSeconds(),
                            PerformanceDocument.machine(postgres.version())));
        }
    }

    private static final class Idle {

        private final int partitions;
        private final Spread statements = new Spread();
        private final Spread commands = new Spread();
        private final Spread scripted = new Spread();
        private int databases;

        Idle(int partitions) {
            this.partitions = partitions;
        }

        void measure(PostgresCluster postgres, TestRedis redis, StatementLog log) throws IOException {
            Map<String, String> settings =
                    new HashMap<>(ServiceUnderTest.on(postgres, "idle_" + partitions + "_" + ++databases));
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.outbox.partitions", Integer.toString(partitions));
            try (ServiceUnderTest service = ServiceUnderTest.start(settings);
                    RedisConnection connection = redis.connect()) {
                new Load(service.port(), 1, 200, Load.registrations(10, 1, "")).open(50, 50);
                Await.hold(SETTLING);
                Map<String, Long> before = calls(connection);
                double seconds = MEASURED.toNanos() / 1e9;
                statements.add(log.count(() -> Await.hold(MEASURED)) / seconds);
                Map<String, Long> calls = calls(connection);
                before.forEach((command, count) -> calls.merge(command, -count, Long::sum));
                calls.remove("info");
                calls.values().removeIf(count -> count == 0);
                System.out.println(calls);
                // Only scripts look into keys: whatever else there is was sent by the client.
                double inScripts = calls.entrySet().stream()
                        .filter(call -> !call.getKey().startsWith("eval")
                                && !call.getKey().equals("ping"))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
                double all = calls.values().stream().mapToLong(Long::longValue).sum();
                commands.add((all - inScripts) / seconds);
                scripted.add(inScripts / seconds);
            }
        }

        /** How often each command was called, by clients and by scripts. */
        private static Map<String, Long> calls(RedisConnection connection) {
            Map<String, Long> calls = new HashMap<>();
            ((String) connection.command("INFO", "commandstats")).lines().forEach(line -> {
                if (line.startsWith("cmdstat_")) {
                    String name = line.substring("cmdstat_".length(), line.indexOf(':'));
                    String count = line.substring(line.indexOf("calls=") + "calls=".length(), line.indexOf(','));
                    calls.put(name, Long.valueOf(count));
                }
            });
            return calls;
        }

        String row() {
            return "| %d | %s | %s | %s |%n"
                    .formatted(partitions, statements.text("%.1f"), commands.text("%.1f"), scripted.text("%.1f"));
        }
    }
}

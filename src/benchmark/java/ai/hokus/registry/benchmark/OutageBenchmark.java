package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an outage of Redis costs in memory, and how soon it is over once Redis is back. */
class OutageBenchmark {

    private static final String QUEUE = "hokusai:model_ready_queue";
    private static final Duration OUTAGE = Scale.seconds(60);
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(60);

    /** Collections until two in a row find the same, within what the service's own threads make meanwhile. */
    private static final int MOST_COLLECTIONS = 10;

    private static final long SAME = 128 * 1024;

    private static final int BACKLOG = 1_000_000;

    /** The views show no more than 100,000. */
    private static final String PENDING = " WHERE id > (SELECT highest_claimed_id FROM outbox_progress)";

    private static final int PER_SECOND = 200;
    private static final int BEFORE = 200;
    private static final int DURING = 2000;

    /** A thousand models divide by it, so that each model has one client and its registrations an order. */
    private static final int CLIENTS = 8;

    @Test
    void memory() throws Exception {
        int rounds = Scale.rounds(3);
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            Map<String, String> settings = settings(postgres, redis);
            JdbcTemplate jdbc = new JdbcTemplate(
                    new DriverManagerDataSource(settings.get("spring.datasource.url"), "postgres", ""));
            try (ServiceUnderTest service = ServiceUnderTest.start(settings)) {
                warmUp(service, redis);
                redis.kill();
                Spread empty = new Spread();
                Spread full = new Spread();
                Spread more = new Spread();
                for (int round = 0; round < rounds; round++) {
                    jdbc.update("DELETE FROM outbox_message" + PENDING);
                    Await.hold(OUTAGE);
                    double without = liveMiB(service);
                    BenchmarkDatabase.addPending(jdbc, BACKLOG);
                    Await.hold(OUTAGE);
                    double with = liveMiB(service);
                    assertThat(jdbc.queryForObject("SELECT count(*) FROM outbox_message" + PENDING, Long.class))
                            .isEqualTo(BACKLOG);
                    empty.add(without);
                    full.add(with);
                    more.add(with - without);
                }
                PerformanceDocument.write("memory", """
                        | pending, Redis away for %d s | live on the heap, MiB |
                        |---|---|
                        | 0 | %s |
                        | %,d | %s |
                        | difference | %s |

                        %d rounds, in turn; median (least to most). %s
                        """.formatted(
                                OUTAGE.toSeconds(),
                                empty.text("%.1f"),
                                BACKLOG,
                                full.text("%.1f"),
                                more.text("%.1f"),
                                rounds,
                                PerformanceDocument.machine(postgres.version())));
            }
        }
    }

    private static Map<String, String> settings(PostgresCluster postgres, TestRedis redis) {
        Map<String, String> settings = new HashMap<>(ServiceUnderTest.on(postgres, "outage"));
        settings.put("REDIS_URL", redis.url());
        return settings;
    }

    private static double liveMiB(ServiceUnderTest service) {
        long live = liveBytes(service);
        for (int i = 1; i < MOST_COLLECTIONS; i++) {
            long before = live;
            live = liveBytes(service);
            if (Math.abs(live - before) < SAME) {
                break;
            }
        }
        return live / 1024.0 / 1024.0;
    }

    /** A histogram counts to the byte, after a full collection; the collectors' own figures count regions. */
    private static long liveBytes(ServiceUnderTest service) {
        String histogram = Children.run(List.of(
                Path.of(ServiceUnderTest.java()).resolveSibling("jcmd").toString(),
                Long.toString(service.process().pid()),
                "GC.class_histogram"));
        String[] total =
                histogram.substring(histogram.lastIndexOf("Total")).strip().split("\\s+");
        return Long.parseLong(total[2]);
    }

    @Test
    void outage() throws Exception {
        int rounds = Scale.rounds(5);
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start("appendonly yes", "appendfsync always");
                ServiceUnderTest service = ServiceUnderTest.start(settings(postgres, redis))) {
            warmUp(service, redis);
            Spread seconds = new Spread();
            Spread p99 = new Spread();
            int never = 0;
            int again = 0;
            int misordered = 0;
            for (int round = 0; round < rounds; round++) {
                register(service, 2 * round, BEFORE);
                long killed = System.nanoTime();
                redis.kill();
                p99.add(register(service, 2 * round + 1, DURING).millis(0.99));
                Await.hold(OUTAGE.minusNanos(System.nanoTime() - killed));
                redis.restart();
                long back = System.nanoTime();
                Delivered delivered;
                try (RedisConnection connection = redis.connect()) {
                    Await.until(
                            "all are delivered",
                            DELIVERY_TIMEOUT,
                            () -> (Long) connection.command("LLEN", QUEUE) >= BEFORE + DURING);
                    seconds.add((System.nanoTime() - back) / 1e9);
                    // What came twice may come still: two more passes.
                    Await.hold(Duration.ofSeconds(2));
                    delivered = Delivered.of(connection.texts("LRANGE", QUEUE, "0", "-1"));
                    connection.command("DEL", QUEUE);
                }
                never += BEFORE + DURING - delivered.distinct;
                again += delivered.again;
                misordered += delivered.misordered;
            }
            assertThat(never).isZero();
            assertThat(again).isZero();
            assertThat(misordered).isZero();
            PerformanceDocument.write("outage", """
                    | %,d registrations at %d a second, Redis away for %d s | |
                    |---|---|
                    | from Redis being back to the last message in the list, s | %s |
                    | p99 of a registration while Redis is away, ms | %s |
                    | never delivered | %d |
                    | delivered twice | %d |
                    | out of their model's order | %d |

                    %d rounds; median (least to most), and the sum of all. %s
                    """.formatted(
                            BEFORE + DURING,
                            PER_SECOND,
                            OUTAGE.toSeconds(),
                            seconds.text("%.1f"),
                            p99.text("%.0f"),
                            never,
                            again,
                            misordered,
                            rounds,
                            PerformanceDocument.machine(postgres.version())));
        }
    }

    private static void warmUp(ServiceUnderTest service, TestRedis redis) {
        int accepted = new Load(service.port(), CLIENTS, 200, Load.registrations(1000, CLIENTS, "w"))
                .closed(Scale.seconds(10))
                .count();
        Await.until("all are delivered", DELIVERY_TIMEOUT, () -> (Long) redis.run("LLEN", QUEUE) >= accepted);
        redis.run("DEL", QUEUE);
    }

    private static Latencies register(ServiceUnderTest service, int phase, int registrations) {
        Latencies latencies = new Load(service.port(), CLIENTS, 200, Load.registrations(1000, CLIENTS, phase + "-"))
                .open(PER_SECOND, registrations);
        assertThat(latencies.count()).isEqualTo(registrations);
        return latencies;
    }

    private record Delivered(int distinct, int again, int misordered) {

        /** @param elements as LRANGE has them: the newest first */
        static Delivered of(List<String> elements) {
            JsonMapper json = JsonMapper.shared();
            Set<String> seen = new HashSet<>();
            Map<String, Long> newestOfModel = new HashMap<>();
            int again = 0;
            int misordered = 0;
            for (int i = elements.size() - 1; i >= 0; i--) {
                JsonNode message = json.readTree(elements.get(i));
                if (!seen.add(message.get("message_id").asString())) {
                    again++;
                    continue;
                }
                JsonNode payload = message.get("payload");
                String[] version = payload.get("model_version").asString().split("-");
                long order = Long.parseLong(version[0]) * 1_000_000 + Long.parseLong(version[1]);
                Long before = newestOfModel.put(payload.get("model_name").asString(), order);
                if (before != null && before > order) {
                    misordered++;
                }
            }
            return new Delivered(seen.size(), again, misordered);
        }
    }
}

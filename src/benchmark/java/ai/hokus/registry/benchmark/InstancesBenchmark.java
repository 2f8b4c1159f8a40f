package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One partition on one instance against four on three: how fast a backlog is delivered. Interleaved in one run. */
class InstancesBenchmark {

    private static final int MESSAGES = 100_000;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration TIMEOUT = Duration.ofSeconds(120);

    @Test
    void instances() {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                Fleet one = new Fleet("one", 1, 1, postgres, redis);
                Fleet three = new Fleet("three", 3, 4, postgres, redis)) {
            for (int round = -1; round < ROUNDS; round++) {
                one.measure(round >= 0);
                three.measure(round >= 0);
            }
            PerformanceDocument.write("instances", """
                    | %,d pending messages of 650 bytes, 1,000 models | messages a second | by the first |
                    |---|---|---|
                    %s%s
                    %d rounds after a warm-up, in turn; median (least to most). %s
                    """.formatted(
                            MESSAGES,
                            one.row("1 partition, 1 instance", one),
                            three.row("4 partitions, 3 instances", one),
                            ROUNDS,
                            PerformanceDocument.machine(postgres.version())));
        }
    }

    /** Instances on a database and a list of their own. */
    private static final class Fleet implements AutoCloseable {

        private final String queue;
        private final int partitions;
        private final TestRedis redis;
        private final JdbcTemplate jdbc;
        private final List<ServiceUnderTest> instances = new ArrayList<>();
        private final Spread rates = new Spread();

        Fleet(String queue, int instances, int partitions, PostgresCluster postgres, TestRedis redis) {
            this.queue = queue;
            this.partitions = partitions;
            this.redis = redis;
            Map<String, String> settings = new HashMap<>(ServiceUnderTest.on(postgres, queue));
            this.jdbc = new JdbcTemplate(
                    new DriverManagerDataSource(settings.get("spring.datasource.url"), "postgres", ""));
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.queue.name", queue);
            settings.put("registry.queue.capacity", "1000000");
            settings.put("registry.outbox.partitions", Integer.toString(partitions));
            // Until it sees that it was released: with the default of a second that alone would be a third of the
            // figure.
            settings.put("registry.relay.interval", "50ms");
            for (int i = 0; i < instances; i++) {
                this.instances.add(ServiceUnderTest.start(settings));
            }
        }

        void measure(boolean counts) {
            jdbc.update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");
            jdbc.update("""
                    INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
                    SELECT %s, n %% 1000 %% %d, 'model-' || n %% 1000, 'model_ready_to_deploy',
                           '{"model":' || n %% 1000 || ',"n":' || n || ',"filler":"' || repeat('x', 615) || '"}'
                    FROM generate_series(1, %d) n""".formatted(BenchmarkDatabase.TIMED_ID, partitions, MESSAGES));
            jdbc.execute("VACUUM ANALYZE outbox_message");
            jdbc.execute("CHECKPOINT");
            try (RedisConnection connection = redis.connect()) {
                long start = System.nanoTime();
                jdbc.update("UPDATE outbox_partition SET paused = FALSE");
                while ((Long) connection.command("LLEN", queue) < MESSAGES) {
                    if (System.nanoTime() - start > TIMEOUT.toNanos()) {
                        throw new AssertionError("not all were delivered within " + TIMEOUT);
                    }
                    LockSupport.parkNanos(5_000_000);
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                if (counts) {
                    rates.add(MESSAGES / seconds);
                }
                check(connection);
                connection.command("DEL", queue);
            }
            Await.until(
                    "all is acknowledged",
                    TIMEOUT,
                    () -> jdbc.queryForObject("SELECT sum(pending) FROM outbox_status", Long.class) == 0);
        }

        /** Each message once, each model's in their order. */
        private void check(RedisConnection connection) {
            assertThat(connection.command("LLEN", queue)).isEqualTo((long) MESSAGES);
            JsonMapper json = JsonMapper.shared();
            Map<Integer, Integer> newest = new HashMap<>();
            int step = 5000;
            for (int right = MESSAGES - 1; right >= 0; right -= step) {
                List<String> elements = connection.texts(
                        "LRANGE", queue, Integer.toString(Math.max(0, right - step + 1)), Integer.toString(right));
                for (int i = elements.size() - 1; i >= 0; i--) {
                    JsonNode payload = json.readTree(elements.get(i)).get("payload");
                    int model = payload.get("model").asInt();
                    int n = payload.get("n").asInt();
                    // So many, each higher than the one before: none is missing, none came twice.
                    assertThat(n).isGreaterThan(newest.getOrDefault(model, 0));
                    newest.put(model, n);
                }
            }
        }

        String row(String name, Fleet first) {
            return "| %s | %s | %s |%n"
                    .formatted(name, rates.text("%,.0f"), rates.per(first.rates).text("%.2f"));
        }

        @Override
        public void close() {
            instances.forEach(ServiceUnderTest::close);
        }
    }
}

package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.BenchmarkQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.RedisMessageQueue;
import ai.hokus.registry.queue.Source;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;

/**
 * How fast one relay empties a backlog, against a loop written by hand that does the same statements and the same script
 * with plain JDBC and a plain socket. Interleaved in one run; PostgreSQL with fsync on, and a real Redis.
 */
class DrainBenchmark {

    private static final int MESSAGES = 100_000;
    private static final int ROUNDS = 5;
    private static final String QUEUE = "benchmark";
    private static final Path DOCUMENT = Path.of("docs", "performance.md");

    @Test
    void drain() throws Exception {
        List<Double> relay = new ArrayList<>();
        List<Double> byHand = new ArrayList<>();
        String version;
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start();
                HikariDataSource database = database(postgres);
                RedisMessageQueue queue = BenchmarkQueue.open(redis.port(), QUEUE)) {
            TestOutbox outbox = TestOutbox.on(database, Duration.ofHours(1));
            version = outbox.jdbc().queryForObject("SHOW server_version", String.class);
            assertThat(outbox.jdbc().queryForObject("SHOW fsync", String.class)).isEqualTo("on");
            for (int round = -1; round < ROUNDS; round++) {
                double first = measure(outbox, redis, () -> relay(outbox, queue));
                double second = measure(outbox, redis, () -> new HandWrittenLoop(database, redis, outbox).run());
                if (round >= 0) { // the first is a warm-up
                    relay.add(first);
                    byHand.add(second);
                }
            }
        }
        report(relay, byHand, version);
    }

    private interface Drain {
        void run() throws SQLException;
    }

    /** Messages a second. */
    private static double measure(TestOutbox outbox, TestRedis redis, Drain drain) throws SQLException {
        fill(outbox);
        redis.run("FLUSHALL");
        long start = System.nanoTime();
        drain.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        try (RedisConnection connection = redis.connect()) {
            assertThat(connection.command("LLEN", QUEUE)).isEqualTo((long) MESSAGES);
        }
        return MESSAGES / seconds;
    }

    private static void relay(TestOutbox outbox, MessageQueue queue) {
        Source source = new Source(outbox.partitions().outboxId(), 0);
        RelayPass.Outcome outcome = new RelayPass(
                        outbox.partitions().all().get(0),
                        queue,
                        source,
                        new RelayPass.PassLimits(500, 4_000_000, 1000, "benchmark"),
                        () -> true,
                        new PassObserver() {})
                .run(queue.checkpoints(source, 1));
        assertThat(outcome).isEqualTo(RelayPass.Outcome.DRAINED);
    }

    /** 100,000 pending messages of 650 bytes, of 1,000 models. */
    private static void fill(TestOutbox outbox) {
        outbox.jdbc().execute("TRUNCATE outbox_message, outbox_delivery, outbox_rewind, outbox_parked");
        outbox.jdbc()
                .update("UPDATE outbox_partition SET last_position = 0, delivered_position = 0, purged_position = 0");
        outbox.jdbc().update("""
                        INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
                        SELECT gen_random_uuid(), 0, 'model-' || n %% 1000, 'model_ready_to_deploy',
                               '{"filler":"' || repeat('x', 637) || '"}'
                        FROM generate_series(1, %d) n""".formatted(MESSAGES));
        outbox.jdbc().execute("VACUUM ANALYZE outbox_message");
        outbox.jdbc().execute("CHECKPOINT");
    }

    private static HikariDataSource database(PostgresCluster postgres) {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl("jdbc:postgresql://127.0.0.1:" + postgres.port() + "/postgres");
        pool.setUsername("postgres");
        pool.setPassword("");
        pool.setMaximumPoolSize(4);
        Flyway.configure()
                .dataSource(pool)
                .locations("classpath:db/migration/common", "classpath:db/migration/postgresql")
                .placeholders(Map.of("partitions", "1"))
                .load()
                .migrate();
        return pool;
    }

    private static void report(List<Double> relay, List<Double> byHand, String version) throws IOException {
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            ratios.add(relay.get(round) / byHand.get(round));
        }
        String text = """
                # Performance

                Written by `mvn -Pbenchmark verify`. %d rounds after a warm-up, the two in turn; median (least to most).

                | %,d pending messages of 650 bytes, 1,000 models, one partition | messages a second |
                |---|---|
                | one relay | %s |
                | the same statements and the same script, by hand, without a framework | %s |
                | ratio, round by round | %s |

                %s %s, %d processors, Java %s, PostgreSQL %s with fsync on and default settings, Redis 7.0.15; database, Redis and relay
                share the machine.

                This is the one comparison that the benchmark makes yet. Latency, the price of the outbox, a table with millions of rows and
                other outbox libraries are not measured here.
                """.formatted(
                        ROUNDS,
                        MESSAGES,
                        spread(relay, "%,.0f"),
                        spread(byHand, "%,.0f"),
                        spread(ratios, "%.2f"),
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("java.version"),
                        version);
        System.out.println(text);
        Files.writeString(DOCUMENT, text);
    }

    private static String spread(List<Double> values, String format) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return String.format(
                Locale.ROOT,
                format + " (" + format + " to " + format + ")",
                sorted.get(sorted.size() / 2),
                sorted.get(0),
                sorted.get(sorted.size() - 1));
    }
}

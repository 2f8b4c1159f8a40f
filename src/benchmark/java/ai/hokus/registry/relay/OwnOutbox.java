package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.BenchmarkQueue;
import ai.hokus.registry.queue.RedisMessageQueue;
import ai.hokus.registry.queue.Source;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import org.springframework.jdbc.core.JdbcTemplate;

/** This project's outbox with one relay on one partition, in a database of its own. */
final class OwnOutbox implements OutboxUnderTest {

    /** How it empties a backlog. */
    interface Drain {
        void run(OwnOutbox outbox) throws SQLException;
    }

    private static final RelayPass.PassLimits LIMITS = new RelayPass.PassLimits(500, 4_000_000, 1000, "benchmark");

    private final String name;
    private final String queueName;
    private final TestRedis redis;
    private final HikariDataSource pool;
    private final TestOutbox outbox;
    private final RedisMessageQueue queue;
    private final Drain drain;

    OwnOutbox(String name, PostgresCluster postgres, TestRedis redis, Drain drain) {
        this.name = name;
        this.queueName = name.replaceAll("\\W", "_");
        this.redis = redis;
        this.drain = drain;
        this.pool = BenchmarkDatabase.migrated(postgres, queueName, 4);
        this.outbox = TestOutbox.on(pool, Duration.ofHours(1));
        this.queue = BenchmarkQueue.open(redis.port(), queueName);
        assertThat(jdbc().queryForObject("SHOW fsync", String.class)).isEqualTo("on");
    }

    @Override
    public String name() {
        return name;
    }

    JdbcTemplate jdbc() {
        return outbox.jdbc();
    }

    HikariDataSource database() {
        return pool;
    }

    TestRedis redis() {
        return redis;
    }

    String queueName() {
        return queueName;
    }

    String outboxId() {
        return outbox.partitions().outboxId().toString();
    }

    @Override
    public void fill(int messages) {
        jdbc().execute("TRUNCATE outbox_message, outbox_delivery, outbox_rewind, outbox_parked");
        jdbc().update("UPDATE outbox_partition SET last_position = 0, delivered_position = 0, purged_position = 0");
        redis.run("DEL", queueName, "{" + queueName + "}:outbox:" + outboxId() + ":0");
        add(messages);
    }

    /** So many more pending messages, and an empty list. */
    void add(int messages) {
        insert(messages, "NULL");
        jdbc().execute("VACUUM ANALYZE outbox_message");
        jdbc().execute("CHECKPOINT");
        redis.run("DEL", queueName);
    }

    /** Delivered messages on an empty table, which Redis knows of. */
    void fillDelivered(int messages) {
        fill(0);
        insert(messages, "n");
        jdbc().update("UPDATE outbox_partition SET last_position = ?, delivered_position = ?", messages, messages);
        String newest = jdbc().queryForObject(
                        "SELECT position || ':' || message_id FROM outbox_message WHERE partition_id = 0 AND position = ?",
                        String.class,
                        messages);
        redis.run("LPUSH", "{" + queueName + "}:outbox:" + outboxId() + ":0", newest);
    }

    /** With ids like those that the service gives: the time, in steps, and then chance. */
    private void insert(int messages, String position) {
        jdbc().update("""
                INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload, position)
                SELECT CAST(lpad(to_hex(n / 20), 8, '0') || '-0000-7' || substr(CAST(gen_random_uuid() AS text), 16) AS uuid),
                       0, 'model-' || n %% 1000, 'model_ready_to_deploy',
                       '{"filler":"' || repeat('x', 637) || '"}', %s
                FROM generate_series(1, %d) n""".formatted(position, messages));
    }

    @Override
    public void drain() throws SQLException {
        drain.run(this);
    }

    /** Passes of the relay until nothing is pending. */
    void relay() {
        Source source = new Source(outbox.partitions().outboxId(), 0);
        RelayPass.Outcome outcome = new RelayPass(
                        outbox.partitions().all().get(0),
                        queue,
                        source,
                        LIMITS,
                        () -> true,
                        Traffic.NONE,
                        new PassObserver() {})
                .run(queue.checkpoints(source, 1));
        assertThat(outcome).isEqualTo(RelayPass.Outcome.DRAINED);
    }

    @Override
    public void startDelivering() {
        throw new UnsupportedOperationException("LatencyBenchmark runs the whole service");
    }

    @Override
    public void publish(String model, String payload) {
        throw new UnsupportedOperationException("LatencyBenchmark runs the whole service");
    }

    @Override
    public void close() {
        queue.close();
        pool.close();
    }
}

package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.AppendedMessage;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Source;
import ai.hokus.registry.queue.redis.BenchmarkQueue;
import ai.hokus.registry.queue.redis.RedisMessageQueue;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.jdbc.core.JdbcTemplate;

/** This project's outbox with one relay on one partition, in a database of its own. */
public final class OwnOutbox implements OutboxUnderTest {

    /** How it empties a backlog. */
    interface Drain {
        /** @return {@link System#nanoTime} when the queue had answered to the last append */
        long run(OwnOutbox outbox) throws SQLException;
    }

    private static final RelayPass.PassLimits LIMITS = new RelayPass.PassLimits(500, 4_000_000, 1000, "benchmark");

    private final String name;
    private final String queueName;
    private final TestRedis redis;
    private final HikariDataSource pool;
    private final TestOutbox outbox;
    private final RedisMessageQueue queue;
    private final Drain drain;

    private int pending;

    /** While it delivers. */
    private volatile @Nullable Relay relay;

    OwnOutbox(String name, PostgresCluster postgres, TestRedis redis, Drain drain) {
        this(name, name.replaceAll("\\W", "_"), 4, postgres, redis, drain);
    }

    private OwnOutbox(
            String name, String queueName, int connections, PostgresCluster postgres, TestRedis redis, Drain drain) {
        this.name = name;
        this.queueName = queueName;
        this.redis = redis;
        this.drain = drain;
        this.pool = BenchmarkDatabase.migrated(postgres, queueName, connections);
        this.outbox = TestOutbox.on(pool, Duration.ofHours(1), this::committed);
        this.queue = BenchmarkQueue.open(redis.port(), queueName);
        assertThat(jdbc().queryForObject("SHOW fsync", String.class)).isEqualTo("on");
    }

    /** As {@link ai.hokus.registry.benchmark.Peer}s are opened, with as many connections as the service has. */
    public static OutboxUnderTest open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new OwnOutbox("this project, by key", queue, 16, postgres, redis, OwnOutbox::relay);
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
        pending = messages;
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

    private void insert(int messages, String position) {
        jdbc().update("""
                INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload, position)
                SELECT %s, 0, 'model-' || n %% 1000, 'model_ready_to_deploy',
                       '{"filler":"' || repeat('x', 637) || '"}', %s
                FROM generate_series(1, %d) n""".formatted(BenchmarkDatabase.TIMED_ID, position, messages));
    }

    @Override
    public Duration drain() throws SQLException {
        long start = System.nanoTime();
        Duration took = Duration.ofNanos(drain.run(this) - start);
        assertThat(redis.run("LLEN", queueName)).isEqualTo((long) pending);
        return took;
    }

    /** Passes of the relay until nothing is pending. */
    long relay() {
        AtomicLong lastAnswer = new AtomicLong();
        RelayPass.Outcome outcome = new RelayPass(
                        outbox.partitions().all().get(0),
                        queue,
                        source(),
                        LIMITS,
                        () -> true,
                        Traffic.NONE,
                        new PassObserver() {
                            @Override
                            public void appended(List<OutboxMessage> messages, Duration took) {
                                lastAnswer.set(System.nanoTime());
                            }
                        })
                .run(queue.checkpoints(source(), 1));
        assertThat(outcome).isEqualTo(RelayPass.Outcome.DRAINED);
        return lastAnswer.get();
    }

    private Source source() {
        return new Source(outbox.partitions().outboxId(), 0);
    }

    /** With the relay's own thread, lock and wake-up after a commit, every setting at its default: as in the service. */
    @Override
    public void startDelivering() {
        RelaySettings settings = new Binder(List.of()).bindOrCreate("registry.relay", RelaySettings.class);
        Clock clock = Clock.systemUTC();
        QueueBreaker breaker =
                new QueueBreaker(settings.firstWait(), settings.longestWait(), settings.lockAtMostFor(), clock);
        LockProvider locks = new JdbcTemplateLockProvider(JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(jdbc())
                .usingDbTime()
                .build());
        PartitionRelay partition = new PartitionRelay(
                outbox.partitions().all().get(0),
                queue,
                source(),
                breaker,
                locks,
                settings,
                LIMITS,
                clock,
                new RelayListener() {});
        Relay started = new Relay(RelayMode.RELAYING, List.of(partition), breaker);
        started.start();
        relay = started;
    }

    private void committed(AppendedMessage message) {
        Relay delivering = relay;
        if (delivering != null) {
            delivering.committed(message);
        }
    }

    @Override
    public void publish(String model, String payload) {
        NewMessage message = NewMessage.of(model, "model_ready_to_deploy", payload);
        outbox.transaction().executeWithoutResult(open -> outbox.outbox().append(message));
    }

    @Override
    public void close() {
        Relay delivering = relay;
        if (delivering != null) {
            delivering.stop();
        }
        queue.close();
        pool.close();
    }
}

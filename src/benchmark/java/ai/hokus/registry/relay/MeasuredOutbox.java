package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.OutboxUnderTest;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;

/** An outbox of one partition in a database of its own, with this project's schema, and what it costs besides time. */
abstract class MeasuredOutbox implements OutboxUnderTest {

    private final String name;
    private final String queueName;
    private final TestRedis redis;
    private final HikariDataSource pool;
    private final JdbcTemplate jdbc;
    private final UUID outboxId;

    private int pending;

    MeasuredOutbox(String name, int connections, BenchmarkServers servers) {
        this(name, name.replaceAll("\\W", "_"), connections, servers);
    }

    MeasuredOutbox(String name, String queueName, int connections, BenchmarkServers servers) {
        this.name = name;
        this.queueName = queueName;
        this.redis = servers.redis();
        this.pool = BenchmarkDatabase.migrated(servers.postgres(), queueName, connections);
        this.jdbc = new JdbcTemplate(pool);
        this.outboxId = jdbc.queryForObject("SELECT id FROM outbox", UUID.class);
        assertThat(jdbc.queryForObject("SHOW fsync", String.class)).isEqualTo("on");
    }

    /** The tables whose rows are written once a message or once a batch. */
    abstract List<String> tables();

    /** Without a message, and without a checkpoint in the database. */
    abstract void clear();

    /** So many more pending messages. */
    abstract void insert(JdbcTemplate jdbc, int messages);

    /** @return {@link System#nanoTime} when the queue had answered to the last append; all is acknowledged */
    abstract long deliverAll() throws SQLException;

    @Override
    public String name() {
        return name;
    }

    JdbcTemplate jdbc() {
        return jdbc;
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

    String checkpointsKey() {
        return "{" + queueName + "}:outbox:" + outboxId + ":0";
    }

    @Override
    public void fill(int messages) {
        clear();
        redis.run("DEL", queueName, checkpointsKey(), checkpointsKey() + ":milestones");
        add(messages);
    }

    /** So many more pending messages, and an empty list. */
    void add(int messages) {
        pending = messages;
        insert(jdbc, messages);
        tables().forEach(table -> jdbc.execute("VACUUM ANALYZE " + table));
        jdbc.execute("CHECKPOINT");
        redis.run("DEL", queueName);
    }

    @Override
    public Duration drain() throws SQLException {
        long start = System.nanoTime();
        Duration took = Duration.ofNanos(deliverAll() - start);
        assertThat(redis.run("LLEN", queueName)).isEqualTo((long) pending);
        return took;
    }

    /** Bytes of write-ahead log that the cluster has written by now. */
    long writeAheadLog() {
        return BenchmarkDatabase.writeAheadLog(jdbc);
    }

    /** Bytes on disk, indexes included. */
    long diskSize() {
        return tables().stream()
                .mapToLong(
                        table -> jdbc.queryForObject("SELECT pg_total_relation_size(?::regclass)", Long.class, table))
                .sum();
    }

    @Override
    public void close() {
        pool.close();
    }
}

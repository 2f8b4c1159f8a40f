package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * An outbox table in a database of its own, whose rows {@link DebeziumServer} reads from the write-ahead log. All messages have
 * one aggregate type, because each type gets a stream of its own.
 */
final class DebeziumOutbox implements AutoCloseable {

    static final String STREAM = "outbox.event.model";

    /** As its documentation has it ("Basic outbox table"), but the payload is delivered as it was written. */
    private static final String TABLE = """
            CREATE TABLE outboxevent (id UUID PRIMARY KEY, aggregatetype VARCHAR(255) NOT NULL, aggregateid VARCHAR(255) NOT NULL,
                                      type VARCHAR(255) NOT NULL, payload TEXT)""";

    private static final String INSERT = """
            INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, payload)
            VALUES (?, 'model', ?, 'model_ready_to_deploy', ?)""";

    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(120);

    private final TestRedis redis;
    private final HikariDataSource pool;
    private final JdbcTemplate jdbc;
    private final DebeziumServer server;

    /** @param postgres with {@code wal_level=logical}, and no other replication slot */
    DebeziumOutbox(PostgresCluster postgres, TestRedis redis) throws IOException {
        this.redis = redis;
        this.pool = BenchmarkDatabase.created(postgres, "debezium", 16);
        this.jdbc = new JdbcTemplate(pool);
        jdbc.execute(TABLE);
        this.server = DebeziumServer.start(postgres, "debezium", redis);
    }

    DebeziumServer server() {
        return server;
    }

    /** As {@link OutboxUnderTest#publish}; the statement is the transaction. */
    void publish(String model, String payload) {
        jdbc.update(INSERT, UUID.randomUUID(), model, payload);
    }

    /** Leaves the server standing still, so many messages pending, each written in a transaction of its own, and no stream. */
    void fill(int messages) {
        server.freeze();
        jdbc.execute("TRUNCATE outboxevent");
        jdbc.execute("""
                DO $$ BEGIN
                    SET synchronous_commit = off;
                    FOR n IN 1..%d LOOP
                        INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, payload)
                        VALUES (gen_random_uuid(), 'model', 'model-' || n %% 1000, 'model_ready_to_deploy',
                                '{"filler":"' || repeat('x', 637) || '"}');
                        COMMIT;
                    END LOOP;
                    RESET synchronous_commit;
                END $$""".formatted(messages));
        jdbc.execute("VACUUM ANALYZE outboxevent");
        jdbc.execute("CHECKPOINT");
        redis.run("DEL", STREAM);
    }

    /**
     * Lets the server go on until it has delivered what {@link #fill} left, and stand still again.
     *
     * @return from its first to its last entry in the stream, by Redis' clock
     */
    Duration drain(int messages) {
        server.resume();
        try (RedisConnection connection = redis.connect()) {
            Await.until(
                    "all of the backlog is in the stream",
                    DRAIN_TIMEOUT,
                    () -> (Long) connection.command("XLEN", STREAM) >= messages);
            server.freeze();
            if ((Long) connection.command("XLEN", STREAM) != messages) {
                throw new IllegalStateException(connection.command("XLEN", STREAM) + " entries of " + messages);
            }
            long first = millis((List<?>) connection.command("XRANGE", STREAM, "-", "+", "COUNT", "1"));
            long last = millis((List<?>) connection.command("XREVRANGE", STREAM, "+", "-", "COUNT", "1"));
            return Duration.ofMillis(last - first);
        }
    }

    /** All entries' payloads, the oldest first. */
    List<String> delivered() {
        try (RedisConnection connection = redis.connect()) {
            return payloads((List<?>) connection.command("XRANGE", STREAM, "-", "+"));
        }
    }

    /** A consumer that waits with XREAD BLOCK, from the stream's beginning. */
    CommitLatency.Consumer reading() {
        RedisConnection connection = redis.connect();
        return new CommitLatency.Consumer() {
            private String last = "0";

            @Override
            public List<String> take() {
                List<?> streams = (List<?>) connection.command("XREAD", "BLOCK", "1000", "STREAMS", STREAM, last);
                if (streams.isEmpty()) {
                    return List.of();
                }
                List<?> entries = (List<?>) ((List<?>) streams.get(0)).get(1);
                last = id(entries.get(entries.size() - 1));
                return payloads(entries);
            }

            @Override
            public void close() {
                connection.close();
            }
        };
    }

    /** Bytes of write-ahead log that the slot keeps PostgreSQL from removing. */
    long retainedLog() {
        return jdbc.queryForObject(
                "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots WHERE slot_name = ?",
                Long.class,
                DebeziumServer.SLOT);
    }

    @Override
    public void close() {
        server.close();
        pool.close();
    }

    /** An entry is its id, and a list with the model and the payload. */
    private static List<String> payloads(List<?> entries) {
        List<String> payloads = new ArrayList<>();
        for (Object entry : entries) {
            payloads.add((String) ((List<?>) ((List<?>) entry).get(1)).get(1));
        }
        return payloads;
    }

    private static String id(Object entry) {
        return (String) ((List<?>) entry).get(0);
    }

    private static long millis(List<?> entries) {
        String id = id(entries.get(0));
        return Long.parseLong(id.substring(0, id.indexOf('-')));
    }
}

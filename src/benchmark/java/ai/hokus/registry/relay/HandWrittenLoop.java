package ai.hokus.registry.relay;

import ai.hokus.registry.queue.redis.BenchmarkQueue;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/** What a relay does when all goes well, and nothing else: a measure, not a relay. Its heap holds a batch of any size. */
final class HandWrittenLoop {

    private static final int BATCH = 500;

    private final DataSource database;
    private final TestRedis redis;
    private final String queue;
    private final String checkpointsKey;

    HandWrittenLoop(OwnOutbox outbox) {
        this.database = outbox.database();
        this.redis = outbox.redis();
        this.queue = outbox.queueName();
        this.checkpointsKey = "{" + queue + "}:outbox:" + outbox.outboxId() + ":0";
    }

    /** @return {@link System#nanoTime} when the last append was answered */
    long run() throws SQLException {
        try (Connection connection = database.getConnection();
                RedisConnection redisConnection = redis.connect()) {
            connection.setAutoCommit(false);
            long high = -1;
            long after = 0;
            long position = 0;
            String newest = "";
            UUID newestId = new UUID(0, 0);
            int term = 0;
            long lastAnswer = System.nanoTime();
            while (true) {
                long highest = lock(connection, position, newestId, term);
                high = high < 0 ? highest : high;
                long delivered = position;
                List<Object> ids = new ArrayList<>();
                List<Object> positions = new ArrayList<>();
                List<String> elements = new ArrayList<>();
                UUID last = null;
                try (PreparedStatement claim = connection.prepareStatement("""
                        SELECT id, message_id, message_type, payload, created_at FROM outbox_message
                        WHERE position IS NULL AND (partition_id, id) > (0, ?) AND (partition_id, id) <= (0, ?)
                        ORDER BY partition_id, id LIMIT 500""")) {
                    claim.setLong(1, after);
                    claim.setLong(2, high);
                    try (ResultSet row = claim.executeQuery()) {
                        while (row.next()) {
                            after = row.getLong(1);
                            last = row.getObject(2, UUID.class);
                            ids.add(after);
                            positions.add(++position);
                            elements.add("{\"message_id\":\"" + last + "\",\"message_type\":\"" + row.getString(3)
                                    + "\",\"payload\":" + row.getString(4) + ",\"timestamp\":\"" + row.getString(5)
                                    + "\",\"retry_count\":0,\"max_retries\":3}");
                        }
                    }
                }
                if (ids.isEmpty()) {
                    connection.commit();
                    return lastAnswer;
                }
                term = ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE);
                write(connection, ids, positions, term, delivered, position);
                connection.commit();
                String checkpoint = position + ":" + last + ":" + term;
                append(redisConnection, newest, checkpoint, elements);
                lastAnswer = System.nanoTime();
                newest = checkpoint;
                newestId = last;
            }
        }
    }

    private void append(RedisConnection connection, String newest, String checkpoint, List<String> elements) {
        List<String> words = new ArrayList<>(List.of(
                "EVAL", BenchmarkQueue.SCRIPT, "2", queue, checkpointsKey, newest, checkpoint, "10000000", "1000", ""));
        words.add(Integer.toString(elements.size()));
        words.addAll(elements);
        Object answer = ((List<?>) connection.command(words.toArray(String[]::new))).get(0);
        if (!"APPENDED".equals(answer)) {
            throw new IllegalStateException("not appended: " + answer);
        }
    }

    /** The highest id. */
    private static long lock(Connection connection, long position, UUID id, int term) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement("""
                SELECT last_position, delivered_position, purged_position, parking_position, state, diverged_at,
                       last_delivered_at, relay, CURRENT_TIMESTAMP AS now,
                       (SELECT max(m.id) FROM outbox_message m) AS highest_id,
                       EXISTS (SELECT 1 FROM outbox_message m
                               WHERE m.partition_id = p.partition_id AND m.position = ? AND m.message_id = ?
                                 AND ? IN (0, m.term)) AS found
                FROM outbox_partition p WHERE p.partition_id = 0 FOR UPDATE""")) {
            lock.setLong(1, position);
            lock.setObject(2, id);
            lock.setInt(3, term);
            try (ResultSet row = lock.executeQuery()) {
                row.next();
                return row.getLong("highest_id");
            }
        }
    }

    /** Positions, acknowledgement of the batch before, and the partition's row, in one round trip. */
    private static void write(
            Connection connection, List<Object> ids, List<Object> positions, int term, long delivered, long last)
            throws SQLException {
        try (PreparedStatement write = connection.prepareStatement("""
                UPDATE outbox_message AS m SET position = b.p, term = ?
                FROM unnest(CAST(? AS bigint array), CAST(? AS bigint array)) AS b(id, p)
                WHERE m.id = b.id AND COALESCE(m.position, 0) = 0;
                INSERT INTO outbox_delivery (partition_id, from_position, to_position, relay) VALUES (0, ?, ?, 'hand');
                UPDATE outbox_partition
                SET last_position = ?, delivered_position = ?, last_delivered_at = CURRENT_TIMESTAMP, relay = 'hand'
                WHERE partition_id = 0""")) {
            write.setInt(1, term);
            write.setArray(2, connection.createArrayOf("bigint", ids.toArray()));
            write.setArray(3, connection.createArrayOf("bigint", positions.toArray()));
            write.setLong(4, delivered - BATCH + 1);
            write.setLong(5, delivered);
            write.setLong(6, last);
            write.setLong(7, delivered);
            write.execute();
        }
    }
}

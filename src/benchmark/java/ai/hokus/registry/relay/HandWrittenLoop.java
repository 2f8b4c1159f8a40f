package ai.hokus.registry.relay;

import ai.hokus.registry.queue.BenchmarkQueue;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/** What a relay does when all goes well, and nothing else: a measure, not a relay. */
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

    void run() throws SQLException {
        try (Connection connection = database.getConnection();
                RedisConnection redisConnection = redis.connect()) {
            connection.setAutoCommit(false);
            long high = number(connection, "SELECT max(id) FROM outbox_message");
            long after = 0;
            long position = 0;
            String newest = "";
            UUID newestId = null;
            while (true) {
                number(connection, "SELECT last_position FROM outbox_partition WHERE partition_id = 0 FOR UPDATE");
                if (newestId != null) {
                    inHistory(connection, position, newestId);
                    acknowledge(connection, position);
                }
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
                    return;
                }
                givePositions(connection, ids, positions);
                connection.commit();
                String checkpoint = position + ":" + last;
                append(redisConnection, newest, checkpoint, elements);
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

    private static void inHistory(Connection connection, long position, UUID id) throws SQLException {
        try (PreparedStatement look = connection.prepareStatement(
                "SELECT count(*) FROM outbox_message WHERE partition_id = 0 AND position = ? AND message_id = ?")) {
            look.setLong(1, position);
            look.setObject(2, id);
            look.executeQuery().close();
        }
    }

    private static void acknowledge(Connection connection, long position) throws SQLException {
        try (PreparedStatement delivery = connection.prepareStatement(
                "INSERT INTO outbox_delivery (partition_id, from_position, to_position, relay) VALUES (0, ?, ?, 'hand')")) {
            delivery.setLong(1, position - BATCH + 1);
            delivery.setLong(2, position);
            delivery.executeUpdate();
        }
        try (PreparedStatement partition = connection.prepareStatement(
                "UPDATE outbox_partition SET last_position = ?, delivered_position = ? WHERE partition_id = 0")) {
            partition.setLong(1, position);
            partition.setLong(2, position);
            partition.executeUpdate();
        }
    }

    private static void givePositions(Connection connection, List<Object> ids, List<Object> positions)
            throws SQLException {
        try (PreparedStatement give = connection.prepareStatement("""
                UPDATE outbox_message AS m SET position = b.p
                FROM unnest(CAST(? AS bigint array), CAST(? AS bigint array)) AS b(id, p)
                WHERE m.id = b.id AND COALESCE(m.position, 0) = 0""")) {
            give.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            give.setArray(2, connection.createArrayOf("bigint", positions.toArray()));
            give.executeUpdate();
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }
}

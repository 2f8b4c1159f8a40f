package ai.hokus.registry.relay;

import ai.hokus.registry.queue.redis.BenchmarkQueue;
import ai.hokus.registry.support.RedisConnection;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The statements of this project's relay with plain JDBC and a plain socket, on the same tables: what a relay does when all goes
 * well, and nothing else. It assumes that a batch of any size fits into the heap.
 */
final class NewLoop extends ServiceTables {

    private final int batch;

    NewLoop(String name, int batch, BenchmarkServers servers) {
        super(name, 4, servers);
        this.batch = batch;
    }

    /** Where the logs end, as the claim reads it. */
    private record End(long lastPosition, long settled, long highestId, long xid, long oldest) {}

    @Override
    long deliverAll() throws SQLException {
        try (Connection connection = database().getConnection();
                RedisConnection redisConnection = redis().connect()) {
            connection.setAutoCommit(false);
            long history = jdbc().queryForObject("SELECT histories[1] FROM outbox_partition", Long.class);
            long after = 0;
            long position = 0;
            long delivered = 0;
            long deliveryNo = 0;
            String newest = "";
            long lastAnswer = System.nanoTime();
            while (true) {
                lock(connection);
                End end = end(connection);
                List<Object> ids = new ArrayList<>();
                List<String> elements = new ArrayList<>();
                try (PreparedStatement claim = connection.prepareStatement("""
                        SELECT id, message_id, message_type, payload, created_at FROM outbox_message
                        WHERE partition_id = 0 AND id > ? AND id <= ? ORDER BY id LIMIT %d""".formatted(batch))) {
                    claim.setLong(1, after);
                    claim.setLong(2, end.highestId());
                    try (ResultSet row = claim.executeQuery()) {
                        while (row.next()) {
                            after = row.getLong(1);
                            ids.add(after);
                            elements.add(HandWrittenLoop.element(row));
                        }
                    }
                }
                long batchId = ThreadLocalRandom.current().nextLong();
                write(connection, ids, position, batchId, history, end, delivered, deliveryNo);
                connection.commit();
                if (ids.isEmpty()) {
                    return lastAnswer;
                }
                deliveryNo += position > delivered ? 1 : 0;
                delivered = position;
                position += ids.size();
                String checkpoint =
                        "v1:" + position + ":" + Long.toHexString(batchId) + ":" + Long.toHexString(history) + ":0";
                BenchmarkQueue.append(redisConnection, queueName(), checkpointsKey(), newest, checkpoint, elements);
                lastAnswer = System.nanoTime();
                newest = checkpoint;
            }
        }
    }

    private static void lock(Connection connection) throws SQLException {
        try (PreparedStatement lock = connection.prepareStatement("""
                SELECT purged_position, lowest_parked_position, paused, stopped_at IS NOT NULL AS stopped, histories,
                       foreign_checkpoint, diverged_at, CURRENT_TIMESTAMP AS now
                FROM outbox_partition WHERE partition_id = 0 FOR UPDATE""")) {
            lock.execute();
        }
    }

    private static End end(Connection connection) throws SQLException {
        try (PreparedStatement end = connection.prepareStatement("""
                        SELECT n.last_position, n.batch_id, n.settled_id, n.sample_id, n.sample_xid, d.delivery_no, d.to_position,
                               (SELECT max(m.id) FROM outbox_message m WHERE m.partition_id = 0) AS highest_id,
                               CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT) AS xid,
                               CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS oldest
                        FROM outbox_partition p
                        LEFT JOIN LATERAL (SELECT * FROM outbox_batch x WHERE x.partition_id <= 0
                                           ORDER BY x.partition_id DESC, x.first_position DESC LIMIT 1) n ON TRUE
                        LEFT JOIN LATERAL (SELECT * FROM outbox_delivery x WHERE x.partition_id <= 0
                                           ORDER BY x.partition_id DESC, x.delivery_no DESC LIMIT 1) d ON TRUE
                        WHERE p.partition_id = 0""");
                ResultSet row = end.executeQuery()) {
            row.next();
            return new End(
                    row.getLong("last_position"),
                    row.getLong("settled_id"),
                    row.getLong("highest_id"),
                    row.getLong("xid"),
                    row.getLong("oldest"));
        }
    }

    /** The batch, and the acknowledgement of the one before, in one round trip. */
    private static void write(
            Connection connection,
            List<Object> ids,
            long position,
            long batchId,
            long history,
            End end,
            long delivered,
            long deliveryNo)
            throws SQLException {
        String acknowledgement = """
                INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)
                VALUES (0, ?, ?, ?, 'hand')""";
        String batch = """
                INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                          lowest_id, highest_id, settled_id, sample_id, sample_xid, claimed_by)
                VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'hand')""";
        List<String> statements = new ArrayList<>();
        List<Object> parameters = new ArrayList<>();
        if (position > delivered) {
            statements.add(acknowledgement);
            parameters.addAll(List.of(deliveryNo + 1, delivered + 1, position));
        }
        if (!ids.isEmpty()) {
            statements.add(batch);
            parameters.addAll(List.of(
                    position + 1,
                    position + ids.size(),
                    batchId,
                    history,
                    connection.createArrayOf("bigint", ids.toArray()),
                    ids.get(0),
                    ids.get(ids.size() - 1),
                    end.settled(),
                    end.highestId(),
                    end.xid()));
        }
        if (statements.isEmpty()) {
            return;
        }
        try (PreparedStatement write = connection.prepareStatement(String.join(";", statements))) {
            for (int i = 0; i < parameters.size(); i++) {
                write.setObject(i + 1, parameters.get(i));
            }
            write.execute();
        }
    }
}

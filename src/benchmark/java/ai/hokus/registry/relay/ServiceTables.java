package ai.hokus.registry.relay;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;

/** An outbox on this project's tables. */
abstract class ServiceTables extends MeasuredOutbox {

    private static final int BATCH = 500;

    ServiceTables(String name, int connections, BenchmarkServers servers) {
        super(name, connections, servers);
    }

    ServiceTables(String name, String queueName, int connections, BenchmarkServers servers) {
        super(name, queueName, connections, servers);
    }

    @Override
    List<String> tables() {
        return List.of("outbox_message", "outbox_batch", "outbox_delivery");
    }

    @Override
    void clear() {
        jdbc().execute("TRUNCATE outbox_message, outbox_batch, outbox_delivery, outbox_rewind, outbox_parked");
        jdbc().update("UPDATE outbox_partition SET purged_position = 0");
    }

    @Override
    void insert(JdbcTemplate jdbc, int messages) {
        BenchmarkDatabase.addPending(jdbc, messages);
    }

    /** Delivered messages on an empty table, in batches of 500, which Redis knows of. */
    void fillDelivered(int messages) {
        fill(messages);
        jdbc().update("""
                INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                          lowest_id, highest_id, settled_id, claimed_by)
                SELECT 0, (n - 1) * %1$d + 1, n * %1$d, n, p.histories[1],
                       ARRAY(SELECT generate_series(o.id + (n - 1) * %1$d, o.id + n * %1$d - 1)),
                       o.id + (n - 1) * %1$d, o.id + n * %1$d - 1, o.id + n * %1$d - 1, 'benchmark'
                FROM generate_series(1, %2$d) n, outbox_partition p, (SELECT min(id) AS id FROM outbox_message) o
                """.formatted(BATCH, messages / BATCH));
        jdbc().update("""
                INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)
                SELECT 0, n, (n - 1) * %1$d + 1, n * %1$d, 'benchmark' FROM generate_series(1, %2$d) n
                """.formatted(BATCH, messages / BATCH));
        String newest = jdbc().queryForObject("""
                SELECT 'v1:' || last_position || ':' || to_hex(batch_id) || ':' || to_hex(history_id) || ':0'
                FROM outbox_batch ORDER BY first_position DESC LIMIT 1
                """, String.class);
        redis().run("LPUSH", checkpointsKey(), newest);
    }
}

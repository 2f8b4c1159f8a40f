package ai.hokus.registry.outbox;

import ai.hokus.registry.support.TestDatabase;
import java.util.Arrays;
import java.util.UUID;
import java.util.stream.LongStream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.SqlArrayValue;

/** Writes rows of the outbox directly, for tests of what reads them: messages, batches, acknowledgements. */
public record TestLog(JdbcTemplate jdbc, int partition) {

    /** With {@code message_id} 00000000-0000-0000-0000-(id). */
    public void message(long id, String model) {
        jdbc.update(
                "INSERT INTO outbox_message (id, message_id, partition_id, message_key, message_type, payload)"
                        + " VALUES (?, ?, ?, ?, 't', '{\"n\":1.50}')",
                id,
                new UUID(0, id),
                partition,
                model);
    }

    /** A batch of these ids at this position. */
    public void batch(long firstPosition, long settledId, long... ids) {
        long[] sorted = ids.clone();
        Arrays.sort(sorted);
        jdbc.update(
                "INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,"
                        + " lowest_id, highest_id, settled_id, claimed_by) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, 'r')",
                partition,
                firstPosition,
                firstPosition + ids.length - 1,
                firstPosition,
                new SqlArrayValue("bigint", LongStream.of(ids).boxed().toArray()),
                sorted[0],
                sorted[sorted.length - 1],
                settledId);
    }

    public void delivery(long number, long from, long to) {
        jdbc.update(
                "INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)"
                        + " VALUES (?, ?, ?, ?, 'r')",
                partition,
                number,
                from,
                to);
    }

    /** A rewind, as a delivery and on record. */
    public void rewind(long number, long from, long to) {
        delivery(number, from, to);
        jdbc.update(
                "INSERT INTO outbox_rewind (partition_id, delivery_no, from_position, to_position, reason, instance)"
                        + " VALUES (?, ?, ?, ?, 'fell back', 'r')",
                partition,
                number,
                from,
                to);
    }

    /** @param resolution null: undecided */
    public void parked(long id, long position, String resolution) {
        jdbc.update(
                "INSERT INTO outbox_parked (id, partition_id, position, reason, instance, resolution, resolved_at)"
                        + " VALUES (?, ?, ?, 'ERR too large', 'r', ?, CASE WHEN ? THEN CURRENT_TIMESTAMP END)",
                id,
                partition,
                position,
                resolution,
                resolution != null);
    }

    /**
     * Messages 1 to {@code delivered} in batches that are delivered, {@code claimed} more that are not, and {@code fresh} more in no
     * batch.
     */
    public void fill(TestDatabase database, int batchSize, int delivered, int claimed, int fresh) {
        String uuid = database == TestDatabase.H2 ? "RANDOM_UUID()" : "gen_random_uuid()";
        jdbc.update("INSERT INTO outbox_message (id, message_id, partition_id, message_key, message_type, payload)"
                + " SELECT n, " + uuid + ", " + partition + ", 'model-' || (n % 100), 't', '{}' FROM "
                + series(database, 1, delivered + claimed + fresh));
        jdbc.batchUpdate(
                "INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,"
                        + " lowest_id, highest_id, settled_id, claimed_by)"
                        + " VALUES (" + partition + ", ?, ?, ?, 1, ?, ?, ?, ?, 'r')",
                LongStream.range(0, (delivered + claimed) / batchSize)
                        .mapToObj(n -> batchRow(n * batchSize + 1, (n + 1) * batchSize))
                        .toList());
        jdbc.update(("INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)"
                                + " SELECT " + partition + ", n + 1, n * %1$d + 1, (n + 1) * %1$d, 'r' FROM ")
                        .formatted(batchSize)
                + series(database, 0, delivered / batchSize - 1));
        jdbc.execute("ANALYZE");
    }

    private static Object[] batchRow(long first, long last) {
        Object[] ids = LongStream.rangeClosed(first, last).boxed().toArray();
        return new Object[] {first, last, first, new SqlArrayValue("bigint", ids), first, last, last};
    }

    private static String series(TestDatabase database, long from, long to) {
        return (database == TestDatabase.H2 ? "SYSTEM_RANGE(" : "generate_series(") + from + ", " + to + ") AS s (n)";
    }
}

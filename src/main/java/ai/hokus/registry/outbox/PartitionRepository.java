package ai.hokus.registry.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.support.SqlArrayValue;

/**
 * What a claim reads and writes of one partition. All needs an open transaction that holds the partition's row ({@link #lock}).
 * Thread-safe.
 */
class PartitionRepository {

    /**
     * The transaction's first statement: it gives the transaction its id after the wait for the row, which {@code sample_xid}
     * relies on. What is read next sees what the holder before us committed.
     */
    private static final String LOCK = """
            SELECT purged_position, lowest_parked_position, paused, stopped_at IS NOT NULL AS stopped, stopped_known_position,
                   halt_id, fenced_halt_id, histories, foreign_checkpoint, diverged_at,
                   CURRENT_TIMESTAMP AS now
            FROM outbox_partition WHERE partition_id = ? FOR UPDATE
            """;

    private static final String BATCHES_BY_POSITION = """
            SELECT last_position AS sort_key, message_ids FROM outbox_batch
            WHERE partition_id = ? AND first_position > ? ORDER BY first_position LIMIT 500
            """;

    private static final String BATCHES_BY_ID = """
            SELECT highest_id AS sort_key, message_ids FROM outbox_batch
            WHERE partition_id = ? AND highest_id > ? ORDER BY highest_id LIMIT 500
            """;

    private static final String INSERT_BATCH = """
            INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                      lowest_id, highest_id, settled_id, sample_id, sample_xid, claimed_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;

    private static final int PAGE = 500;

    /** Ranges of ids that one statement looks up: 2,000 take about 5 ms. */
    private static final int MAX_RANGES = 2_000;

    private final JdbcTemplate jdbc;
    private final SqlDialect dialect;
    private final int partition;
    private final Long[] otherPartitions;
    private final String batchAt;
    private final String batchIdAt;

    PartitionRepository(JdbcTemplate jdbc, SqlDialect dialect, int partition, int partitions) {
        this.jdbc = jdbc;
        this.dialect = dialect;
        this.partition = partition;
        this.batchAt =
                dialect.batchAt("partition_id, first_position, last_position, batch_id, history_id, message_ids");
        this.batchIdAt = dialect.batchAt("partition_id, last_position, batch_id"); // the ids are most of a row
        this.otherPartitions = IntStream.range(0, partitions)
                .filter(other -> other != partition)
                .mapToObj(Long::valueOf)
                .toArray(Long[]::new);
    }

    /** The row of {@code outbox_partition}, and the database's time. */
    record Row(
            long purgedPosition,
            @Nullable Long lowestParkedPosition,
            boolean paused,
            boolean stopped,
            @Nullable Long stoppedKnownPosition,
            long haltId,
            long fencedHaltId,
            List<Long> histories,
            @Nullable String foreignCheckpoint,
            @Nullable OffsetDateTime divergedAt,
            OffsetDateTime now) {

        long currentHistory() {
            return histories.get(histories.size() - 1);
        }
    }

    /** A row of {@code outbox_batch}. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and a list would box each of up to 5,000 ids
    record Batch(
            int partition, long firstPosition, long lastPosition, long batchId, long historyId, long[] messageIds) {}

    /** Messages of one answer; {@code more}: it was cut by a limit; {@code scannedTo}: ids up to here were looked at. */
    record Messages(List<OutboxMessage> messages, boolean more, long scannedTo) {}

    /** Locks the partition's row until the transaction ends. */
    Row lock() {
        List<Row> rows = jdbc.query(
                LOCK,
                (row, n) -> new Row(
                        row.getLong("purged_position"),
                        row.getObject("lowest_parked_position", Long.class),
                        row.getBoolean("paused"),
                        row.getBoolean("stopped"),
                        row.getObject("stopped_known_position", Long.class),
                        row.getLong("halt_id"),
                        row.getLong("fenced_halt_id"),
                        Arrays.stream(ids(row, "histories")).boxed().toList(),
                        row.getString("foreign_checkpoint"),
                        row.getObject("diverged_at", OffsetDateTime.class),
                        row.getObject("now", OffsetDateTime.class)),
                partition);
        if (rows.isEmpty()) {
            throw new IllegalStateException("outbox_partition has no row for partition " + partition
                    + "; the table outbox says there are more partitions. Insert the missing row.");
        }
        return rows.get(0);
    }

    LogEnd logEnd() {
        return requireNonNull(DataAccessUtils.singleResult(jdbc.query(
                dialect.logEnd(),
                (row, n) -> new LogEnd(
                        row.getString("queue_name"),
                        row.getString("environment"),
                        row.getLong("first_position"),
                        row.getLong("last_position"),
                        row.getLong("batch_id"),
                        row.getLong("settled_id"),
                        row.getObject("sample_id", Long.class),
                        row.getObject("sample_xid", Long.class),
                        row.getLong("delivery_no"),
                        row.getLong("to_position"),
                        row.getLong("highest_id"),
                        row.getLong("xid"),
                        row.getLong("oldest_xid"),
                        row.getLong("server_start")),
                dialect.logEndParameters(partition))));
    }

    /** The batch that has this position; null: the log does not have it. */
    @Nullable
    Batch batchAt(long position) {
        return jdbc
                .query(
                        batchAt,
                        (row, n) -> new Batch(
                                row.getInt("partition_id"),
                                row.getLong("first_position"),
                                row.getLong("last_position"),
                                row.getLong("batch_id"),
                                row.getLong("history_id"),
                                ids(row, "message_ids")),
                        partition,
                        position)
                .stream()
                .filter(batch -> batch.partition() == partition && position <= batch.lastPosition())
                .findFirst()
                .orElse(null);
    }

    /** Whether the batch that has this position is this one. */
    boolean hasBatch(long position, long batchId) {
        return jdbc.query(
                        batchIdAt,
                        (row, n) -> row.getInt("partition_id") == partition
                                && row.getLong("last_position") >= position
                                && row.getLong("batch_id") == batchId,
                        partition,
                        position)
                .contains(true);
    }

    /** Takes the ids of the next batches that the cursor does not know out of its unclaimed ones. */
    ScanCursor loadPage(ScanCursor cursor) {
        ScanCursor.Loading loading = cursor.loading();
        List<long[]> claimed = new ArrayList<>();
        long[] last = {loading.after()};
        jdbc.query(
                loading.byPosition() ? BATCHES_BY_POSITION : BATCHES_BY_ID,
                row -> {
                    claimed.add(ids(row, "message_ids"));
                    last[0] = row.getLong("sort_key");
                },
                partition,
                loading.after());
        long[] ids = claimed.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        return cursor.without(
                ids,
                claimed.size() < PAGE
                        ? ScanCursor.Loading.DONE
                        : new ScanCursor.Loading(loading.byPosition(), last[0]));
    }

    /** Those of the first of these ids that are visible in other partitions, ascending. */
    long[] idsOfOtherPartitions(IdRanges ranges) {
        if (otherPartitions.length == 0) {
            return new long[0];
        }
        IdRanges looked = ranges.first(10 * MAX_RANGES);
        return jdbc
                .queryForList(
                        dialect.idsInRanges(),
                        Long.class,
                        bigints(looked.from()),
                        bigints(looked.to()),
                        bigints(otherPartitions))
                .stream()
                .mapToLong(Long::longValue)
                .toArray();
    }

    /**
     * The messages of this partition with these ids, as far as they are visible, in the order of their ids.
     *
     * @param maxBytes of payload; the first message is taken however large it is
     */
    Messages unclaimed(IdRanges ids, int maxMessages, long maxBytes) {
        if (ids.isEmpty()) {
            return new Messages(List.of(), false, 0);
        }
        IdRanges looked = ids.first(MAX_RANGES);
        Messages found = jdbc.query(
                dialect.unclaimed(looked),
                messages(maxMessages, maxBytes),
                dialect.unclaimedParameters(partition, looked, maxMessages, maxBytes));
        requireNonNull(found);
        if (found.more()) {
            return found;
        }
        return new Messages(found.messages(), looked.size() < ids.size(), looked.last());
    }

    /**
     * Messages that were claimed before, in this order, from the beginning as far as the bytes allow, at least one. One whose row
     * is gone is there as {@link OutboxMessage#missing}.
     */
    List<OutboxMessage> claimed(long[] ids, long maxBytes) {
        Map<Long, OutboxMessage> found = new HashMap<>();
        Messages answer = requireNonNull(jdbc.query(
                dialect.claimed(),
                messages(ids.length, maxBytes),
                dialect.claimedParameters(partition, ids, maxBytes)));
        answer.messages().forEach(message -> found.put(message.id(), message));
        boolean cut = answer.more() && answer.messages().size() < ids.length;
        List<OutboxMessage> messages = new ArrayList<>(ids.length);
        for (long id : ids) {
            if (cut && id > answer.scannedTo()) {
                break;
            }
            messages.add(found.getOrDefault(id, OutboxMessage.missing(id)));
        }
        return messages;
    }

    SqlUpdate insertBatch(
            long firstPosition, long batchId, long historyId, long[] ids, Settled settled, String instance) {
        return new SqlUpdate(
                INSERT_BATCH,
                partition,
                firstPosition,
                firstPosition + ids.length - 1,
                batchId,
                historyId,
                bigints(Arrays.stream(ids).boxed().toArray(Long[]::new)),
                ids[0],
                ids[ids.length - 1],
                settled.settledId(),
                settled.sampleId(),
                settled.sampleXid(),
                instance);
    }

    /** What a batch's row says of the ids below it. */
    record Settled(
            long settledId,
            @Nullable Long sampleId,
            @Nullable Long sampleXid) {}

    void write(List<SqlUpdate> updates) {
        dialect.write(jdbc, updates);
    }

    static SqlArrayValue bigints(Long[] values) {
        return new SqlArrayValue("bigint", (Object[]) values);
    }

    private static ResultSetExtractor<Messages> messages(int maxMessages, long maxBytes) {
        return rows -> {
            List<OutboxMessage> messages = new ArrayList<>(Math.min(maxMessages, 1024));
            long bytes = 0;
            long last = 0;
            while (rows.next()) {
                String payload = rows.getString("payload");
                long size = payload == null ? 0 : payload.getBytes(UTF_8).length;
                if (payload == null || (bytes + size > maxBytes && !messages.isEmpty())) {
                    return new Messages(messages, true, last);
                }
                OutboxMessage message = message(rows, payload);
                messages.add(message);
                last = message.id();
                bytes += size;
            }
            return new Messages(messages, messages.size() == maxMessages, last);
        };
    }

    private static OutboxMessage message(ResultSet row, String payload) throws SQLException {
        return new OutboxMessage(
                row.getLong("id"),
                row.getObject("message_id", UUID.class),
                row.getString("message_key"),
                row.getString("message_type"),
                payload,
                row.getObject("created_at", OffsetDateTime.class),
                row.getBoolean("withheld"));
    }

    private static long[] ids(ResultSet row, String column) throws SQLException {
        Array array = row.getArray(column);
        return Arrays.stream((Object[]) array.getArray())
                .mapToLong(id -> ((Number) id).longValue())
                .toArray();
    }
}

package ai.hokus.registry.outbox;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What a relay reads and writes of one partition. {@link #refusal} and {@link #isIdle} need no transaction; all else needs one that
 * holds the partition's row ({@link #lock}). Thread-safe.
 */
class PartitionRepository {

    /**
     * The transaction's first statement. It gives the transaction its id only after the wait for the row, which
     * {@code sample_xid} relies on. Later statements see what the previous holder committed.
     */
    private static final String LOCK = """
            SELECT purged_position, lowest_parked_position, paused, stopped_at IS NOT NULL AS stopped,
                   halt_id, fenced_halt_id, histories, foreign_checkpoint, diverged_at,
                   CURRENT_TIMESTAMP AS now
            FROM outbox_partition WHERE partition_id = :partition FOR UPDATE
            """;

    /** Batches on a page of the log: together they have at most 500,000 ids. */
    private static final int PAGE = 100;

    private static final String BATCHES_BY_POSITION = """
            SELECT last_position AS sort_key, message_ids FROM outbox_batch
            WHERE partition_id = :partition AND first_position > :after ORDER BY first_position LIMIT %d
            """.formatted(PAGE);

    private static final String BATCHES_BY_ID = """
            SELECT highest_id AS sort_key, message_ids FROM outbox_batch
            WHERE partition_id = :partition AND highest_id > :after ORDER BY highest_id LIMIT %d
            """.formatted(PAGE);

    private static final String INSERT_BATCH = """
            INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                      lowest_id, highest_id, settled_id, sample_id, sample_xid, claimed_by)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;

    /** With more ranges to look at than this, a claim is as cheap as a peek. */
    private static final int MAX_PEEKED_RANGES = 1_000;

    private final JdbcTemplate jdbc;
    private final JdbcClient client;
    private final SqlDialect dialect;
    private final int partition;
    private final String batchAt;
    private final String batchIdAt;

    PartitionRepository(OutboxDatabase database, int partition) {
        this.jdbc = database.jdbc();
        this.client = JdbcClient.create(jdbc);
        this.dialect = database.dialect();
        this.partition = partition;
        this.batchAt = dialect.batchAt("partition_id, first_position, last_position, batch_id, message_ids");
        this.batchIdAt = dialect.batchAt("partition_id, last_position, batch_id"); // the ids are most of a row
    }

    record Row(
            long purgedPosition,
            @Nullable Long lowestParkedPosition,
            boolean paused,
            boolean stopped,
            long haltId,
            long fencedHaltId,
            List<Long> histories,
            @Nullable String foreignCheckpoint,
            @Nullable OffsetDateTime divergedAt,
            OffsetDateTime now) {

        boolean divergedWithin(Duration interval) {
            return divergedAt != null && divergedAt.plus(interval).isAfter(now);
        }

        long currentHistory() {
            return histories.get(histories.size() - 1);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared, and a list would box each of up to 5,000 ids
    record Batch(int partition, long firstPosition, long lastPosition, long batchId, long[] messageIds) {}

    /** Why this relay must not deliver what is in this database; null: it may. */
    @Nullable
    String refusal(RelayIdentity relay) {
        return client.sql("SELECT queue_name, environment FROM outbox")
                .query((row, n) -> Optional.ofNullable(relay.refusal(row.getString(1), row.getString(2))))
                .single()
                .orElse(null);
    }

    boolean isIdle(@Nullable String newest, ScanCursor cursor, RelayIdentity relay) {
        Checkpoint seen = newest == null ? null : Checkpoint.parse(newest);
        boolean unreadable = newest != null && seen == null;
        if (unreadable || cursor.isLoading() || cursor.unclaimed().size() > MAX_PEEKED_RANGES) {
            return false;
        }
        IdRanges ids = cursor.unclaimed().plus(cursor.upTo(), Long.MAX_VALUE);
        return sql(dialect.peek())
                .param("lowests", MessageRepository.bigints(ids.from()))
                .param("highests", MessageRepository.bigints(ids.to()))
                .query((ResultSetExtractor<Boolean>) row -> {
                    if (!row.next() || row.getBoolean("halted") || row.getBoolean("unclaimed")) {
                        return false;
                    }
                    long delivered = row.getLong("delivered");
                    boolean atEnd = seen == null
                            ? delivered == 0
                            : seen.position() == delivered
                                    && (delivered == 0 || seen.batchId() == row.getLong("batch_id"));
                    return atEnd
                            && row.getLong("last_position") == delivered
                            && row.getLong("batch_id") == cursor.log().batchId()
                            && relay.refusal(row.getString("queue_name"), row.getString("environment")) == null;
                });
    }

    Row lock() {
        return sql(LOCK)
                .query((row, n) -> new Row(
                        row.getLong("purged_position"),
                        row.getObject("lowest_parked_position", Long.class),
                        row.getBoolean("paused"),
                        row.getBoolean("stopped"),
                        row.getLong("halt_id"),
                        row.getLong("fenced_halt_id"),
                        Arrays.stream(ids(row, "histories")).boxed().toList(),
                        row.getString("foreign_checkpoint"),
                        row.getObject("diverged_at", OffsetDateTime.class),
                        row.getObject("now", OffsetDateTime.class)))
                .optional()
                .orElseThrow(() -> new IllegalStateException("outbox_partition has no row for partition " + partition
                        + "; the table outbox says there are more partitions. Insert the missing row."));
    }

    private JdbcClient.StatementSpec sql(String sql) {
        return client.sql(sql).param("partition", partition);
    }

    LogEnd logEnd() {
        return sql(dialect.logEnd())
                .query((row, n) -> new LogEnd(
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
                        row.getLong("server_start")))
                .single();
    }

    /** The batch that has this position; null: the log does not have it. */
    @Nullable
    Batch batchAt(long position) {
        return sql(batchAt)
                .param("position", position)
                .query((row, n) -> new Batch(
                        row.getInt("partition_id"),
                        row.getLong("first_position"),
                        row.getLong("last_position"),
                        row.getLong("batch_id"),
                        ids(row, "message_ids")))
                .optional()
                .filter(batch -> batch.partition() == partition && position <= batch.lastPosition())
                .orElse(null);
    }

    boolean hasBatch(long position, long batchId) {
        return sql(batchIdAt)
                .param("position", position)
                .query((row, n) -> row.getInt("partition_id") == partition
                        && row.getLong("last_position") >= position
                        && row.getLong("batch_id") == batchId)
                .list()
                .contains(true);
    }

    /** Asks the database only if the checkpoint is not at the log's end. */
    boolean hasBatch(LogEnd log, Checkpoint checkpoint) {
        return log.endsWith(checkpoint) || hasBatch(checkpoint.position(), checkpoint.batchId());
    }

    record Page(ScanCursor cursor, int ids) {}

    /** The ids of some batches, ascending; {@code last}: what the batches are ordered by; {@code end}: no batch comes after. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and a list would box each of up to 500,000 ids
    record ClaimedIds(long[] ids, long last, boolean end) {}

    /** Removes the ids of the next batches from the cursor's unclaimed ones. */
    Page loadPage(ScanCursor cursor) {
        ScanCursor.Loading loading = cursor.loading();
        ClaimedIds claimed =
                loading.byPosition() ? claimed(BATCHES_BY_POSITION, loading.after()) : claimedAbove(loading.after());
        ScanCursor.Loading next =
                claimed.end() ? ScanCursor.Loading.DONE : new ScanCursor.Loading(loading.byPosition(), claimed.last());
        return new Page(cursor.without(claimed.ids(), next), claimed.ids().length);
    }

    /** The next batches in the order of their highest ids, from the first that is above {@code id}. */
    ClaimedIds claimedAbove(long id) {
        return claimed(BATCHES_BY_ID, id);
    }

    private ClaimedIds claimed(String batches, long after) {
        List<long[]> claimed = new ArrayList<>();
        long[] last = {after};
        sql(batches).param("after", after).query(row -> {
            claimed.add(ids(row, "message_ids"));
            last[0] = row.getLong("sort_key");
        });
        long[] ids = claimed.stream().flatMapToLong(Arrays::stream).sorted().toArray();
        return new ClaimedIds(ids, last[0], claimed.size() < PAGE);
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
                MessageRepository.bigints(ids),
                ids[0],
                ids[ids.length - 1],
                settled.settledId(),
                settled.sampleId(),
                settled.sampleXid(),
                instance);
    }

    record Settled(
            long settledId,
            @Nullable Long sampleId,
            @Nullable Long sampleXid) {}

    void write(List<SqlUpdate> updates) {
        dialect.write(jdbc, updates);
    }

    private static long[] ids(ResultSet row, String column) throws SQLException {
        return Arrays.stream((Object[]) row.getArray(column).getArray())
                .mapToLong(id -> ((Number) id).longValue())
                .toArray();
    }
}

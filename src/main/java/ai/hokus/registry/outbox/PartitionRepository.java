package ai.hokus.registry.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.function.Function.identity;
import static java.util.stream.Collectors.toMap;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.support.SqlArrayValue;

/**
 * The statements on one partition. All but {@link #settledAt} need an open transaction, and all but these two need it
 * to hold the partition's row ({@link #lock}). Thread-safe.
 */
class PartitionStatements {

    /**
     * By a statement of its own: what follows then sees what the holder before us committed. What it says of other tables
     * is from before it waited: ids may have been given since, and a message that it does not find may be there by now.
     */
    private static final String LOCK = """
            SELECT last_position, delivered_position, purged_position, parking_position, state, diverged_at,
                   last_delivered_at, relay, CURRENT_TIMESTAMP AS now,
                   (SELECT max(m.id) FROM outbox_message m) AS highest_id,
                   EXISTS (SELECT 1 FROM outbox_message m
                           WHERE m.partition_id = p.partition_id AND m.position = ? AND m.message_id = ?
                             AND ? IN (0, m.term)) AS found
            FROM outbox_partition p WHERE p.partition_id = ? FOR UPDATE
            """;

    private static final String SAVE = """
            UPDATE outbox_partition
            SET last_position = ?, delivered_position = ?, parking_position = ?, state = ?, diverged_at = ?,
                last_delivered_at = ?, relay = ?
            WHERE partition_id = ?
            """;

    private static final String IN_HISTORY =
            "SELECT count(*) FROM outbox_message WHERE partition_id = ? AND position = ? AND message_id = ? AND ? IN (0, term)";

    private static final String MESSAGES_AT =
            "SELECT position, message_id, term FROM outbox_message WHERE partition_id = ? AND position = ANY (?)";

    private static final String COLUMNS =
            "id, partition_id, message_id, message_key, message_type, payload, created_at, position, term";

    /**
     * Positioned before, not delivered, or delivered and lost again. The order names all of its index, or H2 sorts. The limit
     * is a parameter, although PostgreSQL plans each claim anew for it (0.1 ms): with a literal it would sort all that is
     * pending for each batch where it has no statistics.
     */
    static final String POSITIONED = "SELECT " + COLUMNS
            + ", EXISTS (SELECT 1 FROM outbox_parked p WHERE p.id = m.id AND p.resolution IS NOT NULL)"
            + " AS withheld"
            + " FROM outbox_message m WHERE partition_id = ? AND position > ? ORDER BY partition_id, position LIMIT ?";

    /** COALESCE keeps the planner from walking all that has no position instead of looking up these ids. */
    private static final String GIVE_POSITIONS = """
            UPDATE outbox_message AS m SET position = b.p, term = ?
            FROM unnest(CAST(? AS bigint array), CAST(? AS bigint array)) AS b(id, p)
            WHERE m.id = b.id AND COALESCE(m.position, 0) = 0
            """;

    private static final String RECORD_DELIVERY =
            "INSERT INTO outbox_delivery (partition_id, from_position, to_position, relay) VALUES (?, ?, ?, ?)";

    private static final String RECORD_REWIND =
            "INSERT INTO outbox_rewind (partition_id, from_position, to_position, reason, relay) VALUES (?, ?, ?, ?, ?)";

    private static final String SHORTEN_DELIVERY = """
            UPDATE outbox_delivery SET to_position = ?
            WHERE partition_id = ? AND from_position <= ? AND to_position > ?
            """;

    private static final String FORGET_DELIVERIES =
            "DELETE FROM outbox_delivery WHERE partition_id = ? AND to_position > ?";

    private static final String LOWEST_PARKING = """
            SELECT min(m.position) FROM outbox_parked p JOIN outbox_message m ON m.id = p.id
            WHERE p.resolution IS NULL AND m.partition_id = ? AND m.position > ?
            """;

    private static final String UNPARK = """
            DELETE FROM outbox_parked WHERE resolution IS NULL AND id IN
                (SELECT id FROM outbox_message WHERE partition_id = ? AND position BETWEEN ? AND ?)
            """;

    private static final String UPDATE_MARK = "UPDATE outbox_parked SET reason = ?, relay = ? WHERE id = ?";

    private static final String INSERT_MARK = "INSERT INTO outbox_parked (id, reason, relay) VALUES (?, ?, ?)";

    private final JdbcTemplate jdbc;
    private final DatabaseKind kind;
    private final String positioned;
    private final String unpositioned;
    private final String peek;
    private final int partition;

    PartitionStatements(JdbcTemplate jdbc, DatabaseKind kind, int partition) {
        this.jdbc = jdbc;
        this.kind = kind;
        // All are of one partition. Ordered by it too, PostgreSQL would not see that they are in order, and sort.
        this.positioned = kind.cutAtBytes(POSITIONED, "position");
        this.unpositioned = kind.cutAtBytes(unpositioned(kind), "partition_id, id");
        this.peek = peek(kind);
        this.partition = partition;
    }

    /** Not positioned yet. */
    static String unpositioned(DatabaseKind kind) {
        return "SELECT " + COLUMNS + ", FALSE AS withheld " + kind.unpositioned("?", "?", "?") + " LIMIT ?";
    }

    /** Without the lock: what is read here may be old when it is used. */
    static String peek(DatabaseKind kind) {
        return """
                SELECT p.delivered_position, d.message_id, d.term,
                       p.state = 'running' AND p.last_position = p.delivered_position
                           AND (SELECT m.id %s LIMIT 1) IS NULL AS nothing_pending
                FROM outbox_partition p
                LEFT JOIN outbox_message d ON d.partition_id = p.partition_id AND d.position = p.delivered_position
                WHERE p.partition_id = ?
                """.formatted(kind.unpositioned("p.partition_id", "0", "" + Long.MAX_VALUE));
    }

    /**
     * The row of {@code outbox_partition}, and the database's time.
     *
     * @param highestId of all messages, as it was before the row was waited for, or earlier
     */
    record Row(
            long lastPosition,
            long deliveredPosition,
            long purgedPosition,
            @Nullable Long parkingPosition,
            PartitionState state,
            @Nullable OffsetDateTime divergedAt,
            @Nullable OffsetDateTime lastDeliveredAt,
            @Nullable String relay,
            OffsetDateTime now,
            long highestId) {

        Row with(PartitionState changed) {
            return new Row(
                    lastPosition,
                    deliveredPosition,
                    purgedPosition,
                    parkingPosition,
                    changed,
                    divergedAt,
                    lastDeliveredAt,
                    relay,
                    now,
                    highestId);
        }

        Row withParking(long position) {
            return new Row(
                    lastPosition,
                    deliveredPosition,
                    purgedPosition,
                    position,
                    state,
                    divergedAt,
                    lastDeliveredAt,
                    relay,
                    now,
                    highestId);
        }
    }

    /** Messages of one answer, cut where they exceeded the bytes; {@code more}: the answer had more, or may have. */
    record Batch(List<OutboxMessage> messages, long bytes, boolean more) {}

    /**
     * The partition's row, locked until the transaction ends.
     *
     * @param found whether this checkpoint was in this partition's history already before the row was waited for
     */
    record Locked(Row row, boolean found) {}

    /** Locks the partition's row until the transaction ends. */
    Row lock() {
        return lock(Checkpoint.ORIGIN).row();
    }

    /** Likewise, and looks for a checkpoint on the way. */
    Locked lock(Checkpoint sought) {
        List<Locked> rows = jdbc.query(
                LOCK,
                (row, n) -> new Locked(
                        new Row(
                                row.getLong("last_position"),
                                row.getLong("delivered_position"),
                                row.getLong("purged_position"),
                                row.getObject("parking_position", Long.class),
                                PartitionState.of(row.getString("state")),
                                row.getObject("diverged_at", OffsetDateTime.class),
                                row.getObject("last_delivered_at", OffsetDateTime.class),
                                row.getString("relay"),
                                row.getObject("now", OffsetDateTime.class),
                                row.getLong("highest_id")),
                        row.getBoolean("found")),
                sought.position(),
                sought.messageId(),
                sought.term(),
                partition);
        if (rows.isEmpty()) {
            throw new IllegalStateException("outbox_partition has no row for partition " + partition
                    + "; the table outbox says there are more partitions. Insert the missing row.");
        }
        return rows.get(0);
    }

    /** The last delivered message's checkpoint, if nothing is pending after it; null otherwise. */
    @Nullable
    Checkpoint settledAt() {
        List<Checkpoint> settled = jdbc.query(
                peek,
                (ResultSetExtractor<List<Checkpoint>>) row -> {
                    if (!row.next() || !row.getBoolean("nothing_pending")) {
                        return List.of();
                    }
                    long position = row.getLong("delivered_position");
                    UUID message = row.getObject("message_id", UUID.class);
                    return position > 0 && message == null
                            ? List.of()
                            : List.of(
                                    position == 0
                                            ? Checkpoint.ORIGIN
                                            : new Checkpoint(position, message, row.getInt("term")));
                },
                partition);
        return settled == null || settled.isEmpty() ? null : settled.get(0);
    }

    void save(Row row) {
        jdbc.update(SAVE, saving(row));
    }

    private @Nullable Object[] saving(Row row) {
        return new @Nullable Object[] {
            row.lastPosition(),
            row.deliveredPosition(),
            row.parkingPosition(),
            row.state().column(),
            row.divergedAt(),
            row.lastDeliveredAt(),
            row.relay(),
            partition
        };
    }

    boolean inHistory(Checkpoint checkpoint) {
        return count(IN_HISTORY, partition, checkpoint.position(), checkpoint.messageId(), checkpoint.term()) > 0;
    }

    /** Those of the given checkpoints that are in this partition's history. */
    List<Checkpoint> inHistory(List<Checkpoint> checkpoints) {
        Object[] positions = checkpoints.stream().map(Checkpoint::position).toArray();
        List<Checkpoint> found = jdbc.query(
                connection -> {
                    var statement = connection.prepareStatement(MESSAGES_AT);
                    statement.setInt(1, partition);
                    statement.setArray(2, connection.createArrayOf("bigint", positions));
                    return statement;
                },
                (row, n) -> new Checkpoint(row.getLong(1), row.getObject(2, UUID.class), row.getInt(3)));
        Map<Long, Checkpoint> messages = found.stream().collect(toMap(Checkpoint::position, identity()));
        return checkpoints.stream()
                .filter(checkpoint -> {
                    Checkpoint message = messages.get(checkpoint.position());
                    return message != null && checkpoint.isOf(message);
                })
                .toList();
    }

    Batch positioned(long after, int maxMessages, long maxBytes) {
        return read(maxMessages, maxBytes, true, positioned, partition, after, maxMessages);
    }

    /**
     * @param evenIfTooLarge whether a first message of more than {@code maxBytes} is taken all the same
     */
    Batch unpositioned(Scan scan, int maxMessages, long maxBytes, boolean evenIfTooLarge) {
        return read(
                maxMessages,
                maxBytes,
                evenIfTooLarge,
                unpositioned,
                partition,
                scan.after(),
                partition,
                scan.upTo(),
                maxMessages);
    }

    /** Positions that are now known to be in the queue, both included. */
    record Delivery(long from, long to, String relay) {}

    /**
     * What a claim writes when all goes well: at once, where the database takes that.
     *
     * @param delivery null: nothing was delivered
     * @param positioned messages with the positions that they are given, in one term
     * @param row as it is to be
     */
    void write(@Nullable Delivery delivery, List<OutboxMessage> positioned, Row row) {
        List<Write> writes = new ArrayList<>(3);
        if (!positioned.isEmpty()) {
            writes.add(new Write(
                    GIVE_POSITIONS,
                    positioned.get(0).term(),
                    bigints(positioned.stream().map(OutboxMessage::id)),
                    bigints(positioned.stream().map(OutboxMessage::position))));
        }
        if (delivery != null) {
            writes.add(new Write(RECORD_DELIVERY, partition, delivery.from(), delivery.to(), delivery.relay()));
        }
        writes.add(new Write(SAVE, saving(row)));
        int given = kind.write(jdbc, writes).get(0);
        if (!positioned.isEmpty() && given != positioned.size()) {
            throw new IllegalStateException("partition " + partition + ": " + given + " of " + positioned.size()
                    + " messages took their positions; someone else writes them without the partition's row");
        }
    }

    private static SqlArrayValue bigints(Stream<Long> values) {
        return new SqlArrayValue("bigint", values.toArray());
    }

    void recordRewind(long from, long to, String reason, String relay) {
        jdbc.update(RECORD_REWIND, partition, from, to, reason, relay);
        jdbc.update(SHORTEN_DELIVERY, to, partition, to, to);
        jdbc.update(FORGET_DELIVERIES, partition, to);
    }

    /** The lowest position above {@code delivered} that is marked as parked; null: none is. */
    @Nullable
    Long lowestParking(long delivered) {
        return jdbc.queryForObject(LOWEST_PARKING, Long.class, partition, delivered);
    }

    void unpark(long from, long to) {
        jdbc.update(UNPARK, partition, from, to);
    }

    void mark(OutboxMessage message, String reason, String relay) {
        if (jdbc.update(UPDATE_MARK, reason, relay, message.id()) == 0) {
            jdbc.update(INSERT_MARK, message.id(), reason, relay);
        }
    }

    private long count(String sql, Object... parameters) {
        return DataAccessUtils.longResult(jdbc.query(sql, (row, n) -> row.getLong(1), parameters));
    }

    private Batch read(int maxMessages, long maxBytes, boolean evenIfTooLarge, String sql, Object... parameters) {
        Batch batch = jdbc.query(
                sql,
                (ResultSetExtractor<Batch>) rows -> {
                    List<OutboxMessage> messages = new ArrayList<>(Math.min(maxMessages, 1024));
                    long bytes = 0;
                    while (rows.next()) {
                        String payload = rows.getString("payload");
                        if (payload == null) {
                            return new Batch(messages, bytes, true);
                        }
                        long size = payload.getBytes(UTF_8).length;
                        boolean forced = messages.isEmpty() && evenIfTooLarge;
                        if (bytes + size > maxBytes && !forced) {
                            return new Batch(messages, bytes, true);
                        }
                        messages.add(message(rows, payload));
                        bytes += size;
                    }
                    return new Batch(messages, bytes, messages.size() == maxMessages);
                },
                kind.withBytes(parameters, maxBytes));
        return requireNonNull(batch);
    }

    private static OutboxMessage message(ResultSet row, String payload) throws SQLException {
        return new OutboxMessage(
                row.getLong("id"),
                row.getObject("message_id", UUID.class),
                row.getString("message_key"),
                row.getString("message_type"),
                payload,
                row.getObject("created_at", OffsetDateTime.class),
                row.getLong("position"),
                row.getInt("term"),
                row.getBoolean("withheld"));
    }
}

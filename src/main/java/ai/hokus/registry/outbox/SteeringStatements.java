package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.GeneratedKeyHolder;

/** The statements of operators. Those that write need an open transaction and the partition's row. Thread-safe. */
class SteeringStatements {

    private static final String LOCK = """
            SELECT p.partition_id, p.state,
                   p.last_position - p.delivered_position + (SELECT count(*) FROM outbox_message m
                       WHERE m.partition_id = p.partition_id AND m.position IS NULL) AS pending
            FROM outbox_partition p
            WHERE CAST(? AS INTEGER) IS NULL OR p.partition_id = CAST(? AS INTEGER)
            ORDER BY p.partition_id FOR UPDATE
            """;

    private static final String PARTITIONS = "SELECT partition_id FROM outbox_partition ORDER BY partition_id";

    private static final String SET_STATE =
            "UPDATE outbox_partition SET state = ? WHERE partition_id = ? AND state = ?";

    /** Without diverged_at the next foreign checkpoint is healed by itself; it sets diverged_at again. */
    private static final String RELEASE = """
            UPDATE outbox_partition SET state = 'running', diverged_at = NULL
            WHERE partition_id = ? AND state = 'diverged'
            """;

    private static final String PARTITION_OF = "SELECT DISTINCT partition_id FROM outbox_message WHERE message_id = ?";

    private static final String PARKED = "SELECT id FROM outbox_parked_messages WHERE message_id = ? ORDER BY id";

    private static final String RESOLVED = """
            SELECT k.resolution, k.resolved_at FROM outbox_parked k JOIN outbox_message m ON m.id = k.id
            WHERE m.message_id = ? AND k.resolution IS NOT NULL ORDER BY k.resolved_at DESC
            """;

    private static final String RESOLVE = """
            UPDATE outbox_parked SET resolution = ?, resolved_at = CURRENT_TIMESTAMP
            WHERE id = ? AND resolution IS NULL
            """;

    private static final String COPY = """
            INSERT INTO outbox_message (message_id, copy_no, partition_id, message_key, message_type, payload)
            SELECT m.message_id,
                   (SELECT max(c.copy_no) + 1 FROM outbox_message c WHERE c.message_id = m.message_id),
                   m.partition_id, m.message_key, m.message_type, m.payload
            FROM outbox_message m WHERE m.id = ANY (?) ORDER BY m.partition_id, m.position
            """;

    private static final String BOUNDS = """
            SELECT partition_id, purged_position, delivered_position FROM outbox_partition
            WHERE CAST(? AS INTEGER) IS NULL OR partition_id = CAST(? AS INTEGER) ORDER BY partition_id
            """;

    /** Acknowledgements come in the order of positions, so that a time is a range of them. */
    private static final String POSITIONS_OF_TIME = """
            SELECT min(from_position) AS first, max(to_position) AS last FROM outbox_delivery
            WHERE partition_id = ? AND delivered_at >= ? AND delivered_at < ?
            """;

    private static final String DELIVERED = """
            SELECT m.id, m.message_id FROM outbox_message m
            WHERE m.partition_id = ? AND m.position BETWEEN ? AND ?
              AND (CAST(? AS VARCHAR) IS NULL OR m.message_key = CAST(? AS VARCHAR))
              AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id)
            ORDER BY m.position LIMIT ?
            """;

    private static final String RECORD = """
            INSERT INTO outbox_operation
                (performed_by, operation, target, reason, messages, message_id, idempotency_key)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """;

    private static final String CORRECT = "UPDATE outbox_operation SET messages = ? WHERE id = ?";

    private static final String PERFORMED = """
            SELECT id, performed_at, performed_by, operation, target, messages FROM outbox_operation
            WHERE idempotency_key = ?
            """;

    private static final OffsetDateTime EARLIEST = OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
    private static final OffsetDateTime LATEST = OffsetDateTime.of(9999, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    private final JdbcTemplate jdbc;

    SteeringStatements(JdbcTemplate jdbc) {
        this.jdbc = new JdbcTemplate(requireNonNull(jdbc.getDataSource()));
        this.jdbc.setQueryTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
    }

    record PartitionRow(int partition, PartitionState state, long pending) {}

    record Resolved(String resolution, Instant at) {}

    record Range(int partition, long from, long to) {}

    record Delivered(long id, UUID messageId) {}

    record Performed(long id, Instant at, String by, String operation, String target, long messages) {}

    /** In the order of their numbers, so that two operators never wait for each other. */
    List<PartitionRow> lock(@Nullable Integer partition) {
        return jdbc.query(
                LOCK,
                (row, n) -> new PartitionRow(
                        row.getInt("partition_id"), PartitionState.of(row.getString("state")), row.getLong("pending")),
                partition,
                partition);
    }

    List<Integer> partitions() {
        return jdbc.query(PARTITIONS, (row, n) -> row.getInt(1));
    }

    void setState(int partition, PartitionState from, PartitionState to) {
        if (from == PartitionState.STOPPED) {
            jdbc.update(RELEASE, partition);
        } else {
            jdbc.update(SET_STATE, to.column(), partition, from.column());
        }
    }

    /** Null: there is no such message. Copies are in the partition of their message. */
    @Nullable
    Integer partitionOf(UUID messageId) {
        return DataAccessUtils.singleResult(jdbc.query(PARTITION_OF, (row, n) -> row.getInt(1), messageId));
    }

    /** The rows of the message and its copies that are parked and wait. */
    List<Long> parked(UUID messageId) {
        return jdbc.query(PARKED, (row, n) -> row.getLong(1), messageId);
    }

    /** The latest first. */
    List<Resolved> resolved(UUID messageId) {
        return jdbc.query(
                RESOLVED,
                (row, n) -> new Resolved(
                        row.getString(1), row.getObject(2, OffsetDateTime.class).toInstant()),
                messageId);
    }

    void resolve(long id, String resolution) {
        jdbc.update(RESOLVE, resolution, id);
    }

    /** Returns how many there still were to copy. */
    int copy(List<Long> ids) {
        return jdbc.update(connection -> {
            var statement = connection.prepareStatement(COPY);
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            return statement;
        });
    }

    /** Where to look, partition by partition: what is retained and delivered, and fits the positions and times. */
    List<Range> ranges(Selection selection) {
        List<Range> retained = jdbc.query(
                BOUNDS,
                (row, n) -> new Range(row.getInt(1), row.getLong(2) + 1, row.getLong(3)),
                selection.partition(),
                selection.partition());
        List<Range> ranges = new ArrayList<>();
        for (Range range : retained) {
            Range narrowed = byTime(byPosition(range, selection), selection);
            if (narrowed.from() <= narrowed.to()) {
                ranges.add(narrowed);
            }
        }
        return ranges;
    }

    private static Range byPosition(Range range, Selection selection) {
        Long from = selection.fromPosition();
        Long to = selection.toPosition();
        return new Range(
                range.partition(),
                from == null ? range.from() : Math.max(from, range.from()),
                to == null ? range.to() : Math.min(to, range.to()));
    }

    private Range byTime(Range range, Selection selection) {
        Instant from = selection.deliveredFrom();
        Instant before = selection.deliveredBefore();
        if (from == null && before == null) {
            return range;
        }
        return requireNonNull(jdbc.queryForObject(
                POSITIONS_OF_TIME,
                (row, n) -> row.getObject("last") == null
                        ? new Range(range.partition(), 1, 0)
                        : new Range(
                                range.partition(),
                                Math.max(range.from(), row.getLong("first")),
                                Math.min(range.to(), row.getLong("last"))),
                range.partition(),
                from == null ? EARLIEST : from.atOffset(ZoneOffset.UTC),
                before == null ? LATEST : before.atOffset(ZoneOffset.UTC)));
    }

    /** In the order of their positions; without those that were skipped. */
    List<Delivered> delivered(Range range, @Nullable String model, int limit) {
        return jdbc.query(
                DELIVERED,
                (row, n) -> new Delivered(row.getLong(1), row.getObject(2, UUID.class)),
                range.partition(),
                range.from(),
                range.to(),
                model,
                model,
                limit);
    }

    /** Returns the row's id. */
    long record(Wish wish, String operation, String target, long messages, @Nullable UUID messageId) {
        GeneratedKeyHolder key = new GeneratedKeyHolder();
        jdbc.update(
                connection -> {
                    var statement = connection.prepareStatement(RECORD, new String[] {"id"});
                    statement.setString(1, wish.by());
                    statement.setString(2, operation);
                    statement.setString(3, target);
                    statement.setString(4, wish.reason());
                    statement.setLong(5, messages);
                    statement.setObject(6, messageId);
                    statement.setString(7, wish.idempotencyKey());
                    return statement;
                },
                key);
        return requireNonNull(key.getKey()).longValue();
    }

    void correct(long operation, long messages) {
        jdbc.update(CORRECT, messages, operation);
    }

    /** What was done under this key; null: nothing. */
    @Nullable
    Performed performed(String key) {
        return DataAccessUtils.singleResult(jdbc.query(
                PERFORMED,
                (row, n) -> new Performed(
                        row.getLong("id"),
                        row.getObject("performed_at", OffsetDateTime.class).toInstant(),
                        row.getString("performed_by"),
                        row.getString("operation"),
                        row.getString("target"),
                        row.getLong("messages")),
                key));
    }
}

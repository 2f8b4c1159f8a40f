package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The operators' views, row by row and column by column, under the names that they have in SQL: what the endpoints show is
 * what SQL shows. Times are {@link java.time.Instant}s.
 *
 * <p>Thread-safe. Reads only; no statement runs longer than {@link OutboxPartitions#TRANSACTION_TIMEOUT}. What is thrown when the
 * database does not answer is a {@link org.springframework.dao.DataAccessException}.
 */
public class OutboxView {

    private static final String STATUS = "SELECT * FROM outbox_status ORDER BY partition_id";

    private static final String BACKLOG_BY_MODEL = """
            SELECT model, CAST(sum(pending) AS BIGINT) AS pending, min(oldest_pending_at) AS oldest_pending_at
            FROM outbox_backlog GROUP BY model ORDER BY pending DESC, model LIMIT ?
            """;

    private static final String BACKLOG_BY_MINUTE = """
            SELECT minute_at, CAST(sum(pending) AS BIGINT) AS pending
            FROM outbox_backlog GROUP BY minute_at ORDER BY minute_at DESC LIMIT ?
            """;

    private static final String MATCHES = """
             WHERE (CAST(? AS VARCHAR) IS NULL OR model = CAST(? AS VARCHAR))
               AND (CAST(? AS UUID) IS NULL OR message_id = CAST(? AS UUID))
               AND (CAST(? AS BIGINT) IS NULL OR id
            """;

    /** The oldest first: it is what keeps the others waiting. */
    private static final String FORWARD = MATCHES + " > CAST(? AS BIGINT)) ORDER BY id LIMIT ?";

    /** The newest first: the history is long, and mostly the last of it is asked for. */
    private static final String BACKWARD = MATCHES + " < CAST(? AS BIGINT)) ORDER BY id DESC LIMIT ?";

    private static final String PENDING = "SELECT * FROM outbox_pending_messages" + FORWARD;

    private static final String PARKED = "SELECT * FROM outbox_parked_messages" + FORWARD;

    private static final String DELIVERED = "SELECT * FROM outbox_delivered_messages" + BACKWARD;

    private static final String HISTORY = """
            SELECT h.*, m.payload FROM outbox_message_history h JOIN outbox_message m ON m.id = h.id
            WHERE h.message_id = ? AND m.message_id = ? ORDER BY h.copy_no LIMIT ?
            """;

    private static final String OPERATIONS_ON =
            "SELECT * FROM outbox_operation WHERE message_id = ? ORDER BY id LIMIT ?";

    private static final String REWINDS = "SELECT * FROM outbox_rewinds ORDER BY id DESC LIMIT ?";

    private static final String THROUGHPUT = "SELECT * FROM outbox_throughput ORDER BY minute_at";

    private static final String OPERATIONS = """
            SELECT * FROM outbox_operation WHERE CAST(? AS BIGINT) IS NULL OR id < CAST(? AS BIGINT)
            ORDER BY id DESC LIMIT ?
            """;

    private final JdbcTemplate jdbc;

    OutboxView(JdbcTemplate jdbc) {
        this.jdbc = new JdbcTemplate(requireNonNull(jdbc.getDataSource()));
        this.jdbc.setQueryTimeout(Math.toIntExact(OutboxPartitions.TRANSACTION_TIMEOUT.toSeconds()));
    }

    /** Which of the views of messages. */
    public enum State {
        PENDING(OutboxView.PENDING),
        PARKED(OutboxView.PARKED),
        DELIVERED(OutboxView.DELIVERED);

        private final String sql;

        State(String sql) {
            this.sql = sql;
        }
    }

    /** One row per partition. */
    public List<Map<String, @Nullable Object>> status() {
        return rows(STATUS);
    }

    /** Models with something pending, the fullest first. */
    public List<Map<String, @Nullable Object>> backlogByModel(int limit) {
        return rows(BACKLOG_BY_MODEL, limit);
    }

    /** Minutes in which something was written that is pending, the latest first. */
    public List<Map<String, @Nullable Object>> backlogByMinute(int limit) {
        return rows(BACKLOG_BY_MINUTE, limit);
    }

    /**
     * Messages in one state: pending and parked the oldest first, delivered the newest first.
     *
     * @param model only of this; null: of all
     * @param messageId only this; null: all
     * @param after the id of the last one that was seen; null: from the beginning
     */
    public List<Map<String, @Nullable Object>> messages(
            State state, @Nullable String model, @Nullable UUID messageId, @Nullable Long after, int limit) {
        return rows(state.sql, model, model, messageId, messageId, after, after, limit);
    }

    /** The message and its copies, by their number, with their payload; empty: there is none, or no longer. */
    public List<Map<String, @Nullable Object>> history(UUID messageId, int limit) {
        return rows(HISTORY, messageId, messageId, limit);
    }

    /** What operators did to this message, the first thing first. */
    public List<Map<String, @Nullable Object>> operationsOn(UUID messageId, int limit) {
        return rows(OPERATIONS_ON, messageId, limit);
    }

    /** What Redis lost and was sent again, the latest first. */
    public List<Map<String, @Nullable Object>> rewinds(int limit) {
        return rows(REWINDS, limit);
    }

    /** Deliveries per minute of the last day, 1,440 rows at most. */
    public List<Map<String, @Nullable Object>> throughput() {
        return rows(THROUGHPUT);
    }

    /**
     * What operators did, the latest first.
     *
     * @param after the id of the last one that was seen; null: from the beginning
     */
    public List<Map<String, @Nullable Object>> operations(@Nullable Long after, int limit) {
        return rows(OPERATIONS, after, after, limit);
    }

    private List<Map<String, @Nullable Object>> rows(String sql, @Nullable Object... parameters) {
        return jdbc.query(sql, (row, n) -> columns(row), parameters);
    }

    private static Map<String, @Nullable Object> columns(ResultSet row) throws SQLException {
        ResultSetMetaData metaData = row.getMetaData();
        Map<String, @Nullable Object> columns = new LinkedHashMap<>();
        for (int i = 1; i <= metaData.getColumnCount(); i++) {
            columns.put(metaData.getColumnLabel(i), value(row, i));
        }
        return columns;
    }

    private static @Nullable Object value(ResultSet row, int column) throws SQLException {
        Object value = row.getObject(column);
        if (value instanceof Timestamp || value instanceof OffsetDateTime) {
            return row.getObject(column, OffsetDateTime.class).toInstant();
        }
        return value instanceof java.sql.Clob ? row.getString(column) : value;
    }
}

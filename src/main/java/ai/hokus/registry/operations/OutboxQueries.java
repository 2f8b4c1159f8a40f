package ai.hokus.registry.operations;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.ColumnMapRowMapper;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Reads the operators' views, under their columns' names; times are {@link java.time.Instant}s. Each statement reads a bounded
 * number of rows: lists that could grow end after 50 to 200, few enough for a page that reads them every few seconds.
 * Thread-safe. Throws a {@link org.springframework.dao.DataAccessException} if the database does not answer.
 */
@Component
record OutboxQueries(JdbcClient jdbc) {

    private static final String STATUS = "SELECT * FROM outbox_status ORDER BY partition_id";

    private static final String BACKLOG_BY_MODEL = """
            SELECT model, CAST(sum(pending) AS BIGINT) AS pending, min(oldest_pending_at) AS oldest_pending_at
            FROM outbox_backlog GROUP BY model ORDER BY pending DESC, model LIMIT 100
            """;

    private static final String BACKLOG_BY_MINUTE = """
            SELECT minute_at, CAST(sum(pending) AS BIGINT) AS pending
            FROM outbox_backlog GROUP BY minute_at ORDER BY minute_at DESC LIMIT 100
            """;

    private static final String HISTORY = """
            SELECT h.*, (SELECT m.payload FROM outbox_message m WHERE m.partition_id = h.partition_id AND m.id = h.id) AS payload
            FROM outbox_message_history h WHERE h.message_id = ? ORDER BY h.copy_no LIMIT 200
            """;

    /** By the index on (model_name, version, token_id). */
    private static final String REGISTERED = """
            SELECT r.version, r.token_id, r.registered_at, h.*
            FROM registration r LEFT JOIN outbox_message_history h ON h.message_id = r.message_id
            WHERE r.model_name = ? AND r.version = COALESCE(CAST(? AS VARCHAR), r.version)
              AND r.token_id = COALESCE(CAST(? AS VARCHAR), r.token_id)
              AND h.id IS NOT NULL
            ORDER BY r.model_name, r.version, r.token_id, h.copy_no LIMIT 200
            """;

    /** No index leads to a version or a token without a model, so this looks at the newest registrations only. */
    private static final String REGISTERED_LATELY = """
            SELECT f.version, f.token_id, f.registered_at, h.*
            FROM (SELECT r.id, r.version, r.token_id, r.registered_at, r.message_id
                  FROM (SELECT id, version, token_id, registered_at, message_id FROM registration ORDER BY id DESC LIMIT 100000) r
                  WHERE r.version = COALESCE(CAST(? AS VARCHAR), r.version)
                    AND r.token_id = COALESCE(CAST(? AS VARCHAR), r.token_id)
                  ORDER BY r.id DESC LIMIT 200) f
            LEFT JOIN outbox_message_history h ON h.message_id = f.message_id
            WHERE h.id IS NOT NULL ORDER BY f.id DESC, h.copy_no LIMIT 200
            """;

    private static final String OPERATIONS_ON =
            "SELECT * FROM outbox_operation WHERE message_id = ? ORDER BY id LIMIT 200";

    private static final String REWINDS = "SELECT * FROM outbox_rewinds ORDER BY id DESC LIMIT 50";

    private static final String THROUGHPUT = "SELECT * FROM outbox_throughput ORDER BY minute_at";

    private static final String OPERATIONS = """
            SELECT * FROM outbox_operation WHERE id < COALESCE(CAST(? AS BIGINT), 9223372036854775807)
            ORDER BY id DESC LIMIT ?
            """;

    private static final RowMapper<Map<String, @Nullable Object>> ROW = new ColumnMapRowMapper() {
        @Override
        protected @Nullable Object getColumnValue(ResultSet row, int column) throws SQLException {
            Object value = super.getColumnValue(row, column);
            return value instanceof Timestamp || value instanceof OffsetDateTime
                    ? row.getObject(column, OffsetDateTime.class).toInstant()
                    : value;
        }
    };

    List<Map<String, @Nullable Object>> status() {
        return rows(jdbc, STATUS);
    }

    /** Pending messages by model, the most first, 100 models at most; counts the first 100,000 pending messages. */
    List<Map<String, @Nullable Object>> backlogByModel() {
        return rows(jdbc, BACKLOG_BY_MODEL);
    }

    /** Pending messages by minute of insert, the latest first, 100 at most; counts the first 100,000 pending messages. */
    List<Map<String, @Nullable Object>> backlogByMinute() {
        return rows(jdbc, BACKLOG_BY_MINUTE);
    }

    /** The message and its copies with payloads, by copy number, 200 at most; empty: there is no such message, or no longer. */
    List<Map<String, @Nullable Object>> history(UUID messageId) {
        return rows(jdbc, HISTORY, messageId);
    }

    /**
     * The retained messages of registrations, with version and token, 200 at most. Of one model: in the order of versions and
     * tokens. Of all models: the newest first, among the newest 100,000 registrations.
     */
    List<Map<String, @Nullable Object>> registered(
            @Nullable String model, @Nullable String version, @Nullable String tokenId) {
        return model == null
                ? rows(jdbc, REGISTERED_LATELY, version, tokenId)
                : rows(jdbc, REGISTERED, model, version, tokenId);
    }

    /** What operators did to this message, the earliest first, 200 at most. */
    List<Map<String, @Nullable Object>> operationsOn(UUID messageId) {
        return rows(jdbc, OPERATIONS_ON, messageId);
    }

    /** The latest first, 50 at most. */
    List<Map<String, @Nullable Object>> rewinds() {
        return rows(jdbc, REWINDS);
    }

    /** Deliveries per minute of the last day, 1,440 rows at most. */
    List<Map<String, @Nullable Object>> throughput() {
        return rows(jdbc, THROUGHPUT);
    }

    /** The latest first; {@code after}: the last id of the page before. */
    List<Map<String, @Nullable Object>> operations(@Nullable Long after, int limit) {
        return rows(jdbc, OPERATIONS, after, limit);
    }

    static List<Map<String, @Nullable Object>> rows(JdbcClient jdbc, String sql, @Nullable Object... parameters) {
        return jdbc.sql(sql).params(parameters).query(ROW).list();
    }
}

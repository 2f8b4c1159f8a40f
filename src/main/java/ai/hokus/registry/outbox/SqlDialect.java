package ai.hokus.registry.outbox;

import java.util.List;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.jdbc.DatabaseDriver;
import org.springframework.jdbc.core.ArgumentPreparedStatementSetter;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.PreparedStatementCallback;
import org.springframework.jdbc.support.JdbcUtils;
import org.springframework.jdbc.support.MetaDataAccessException;

/** The databases that the outbox runs on, and the statements that are not the same on both. */
public enum SqlDialect {
    H2,
    POSTGRESQL;

    private static final String CLAIMED = """
            SELECT m.id, m.message_id, m.message_key, m.message_type, m.created_at,
                   EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id AND k.resolution IS NOT NULL) AS withheld, m.payload
            FROM outbox_message m WHERE m.partition_id = :partition AND m.id = ANY (:ids) ORDER BY m.id
            """;

    /** Leaves out the payloads after the one that exceeds the bytes, so that the driver holds no more than that. */
    private static final String CUT_AT_BYTES = """
            SELECT id, message_id, message_key, message_type, created_at, withheld,
                   CASE WHEN sum(octet_length(payload)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) - octet_length(payload)
                             <= :max_bytes THEN payload END AS payload
            FROM (%s) m
            ORDER BY id
            """;

    /** Whether ids are given in the order of commits, so that everything that is visible is settled. */
    public boolean idsFollowCommits() {
        return this == H2;
    }

    /** To be called right before messages are inserted, in the same transaction. On PostgreSQL the id's default is enough. */
    void lockIds(JdbcTemplate jdbc) {
        if (this == H2) {
            jdbc.queryForList("SELECT id FROM outbox FOR UPDATE");
        }
    }

    /** The statement behind {@link LogEnd}. */
    String logEnd() {
        String ids =
                this == H2 ? "9223372036854775807 AS highest_id, 0 AS xid, 0 AS oldest_xid, 0 AS server_start" : """
                (SELECT max(m.id) FROM outbox_message m WHERE m.partition_id = :partition) AS highest_id,
                CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT) AS xid,
                CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS oldest_xid,
                CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT) AS server_start
                """;
        return """
                SELECT o.queue_name, o.environment, n.first_position,
                       COALESCE(n.last_position, p.purged_position) AS last_position, n.batch_id,
                       n.settled_id, n.sample_id, n.sample_xid, d.delivery_no, d.to_position, %s
                FROM outbox o
                JOIN outbox_partition p ON p.partition_id = :partition
                %s
                """.formatted(ids, newestRows());
    }

    /** Whether there is anything to do. Takes no lock, so the answer may be outdated when it is used. */
    String peek() {
        String unclaimed = this == H2 ? """
                SELECT 1 FROM outbox_message m WHERE m.partition_id = :partition AND m.id > COALESCE(n.settled_id, 0)
                """ : """
                SELECT 1 FROM unnest(CAST(:lowests AS BIGINT[]), CAST(:highests AS BIGINT[])) AS r(lowest, highest)
                CROSS JOIN LATERAL (SELECT 1 FROM outbox_message m
                                    WHERE m.partition_id = :partition AND m.id >= r.lowest AND m.id <= r.highest
                                    LIMIT 1) u
                """;
        return """
                SELECT o.queue_name, o.environment, p.paused OR p.stopped_at IS NOT NULL AS halted, n.last_position, n.batch_id,
                       COALESCE(d.to_position, 0) AS delivered, EXISTS (%s) AS unclaimed
                FROM outbox o
                JOIN outbox_partition p ON p.partition_id = :partition
                %s
                """.formatted(unclaimed, newestRows());
    }

    /**
     * The newest row of each log. On PostgreSQL the search has no equality on the partition, so it may find a row of a lower one,
     * which the join drops. With an equality, a planner without statistics expects few rows, and sorts all that there are.
     */
    private String newestRows() {
        return this == H2 ? """
                LEFT JOIN outbox_batch n ON n.partition_id = :partition AND n.first_position =
                    (SELECT x.first_position FROM outbox_batch x WHERE x.partition_id = :partition
                     ORDER BY x.partition_id, x.first_position DESC LIMIT 1)
                LEFT JOIN outbox_delivery d ON d.partition_id = :partition AND d.delivery_no =
                    (SELECT x.delivery_no FROM outbox_delivery x WHERE x.partition_id = :partition
                     ORDER BY x.partition_id, x.delivery_no DESC LIMIT 1)
                """ : """
                LEFT JOIN LATERAL (SELECT * FROM outbox_batch x WHERE x.partition_id <= :partition
                                   ORDER BY x.partition_id DESC, x.first_position DESC LIMIT 1) n ON n.partition_id = :partition
                LEFT JOIN LATERAL (SELECT * FROM outbox_delivery x WHERE x.partition_id <= :partition
                                   ORDER BY x.partition_id DESC, x.delivery_no DESC LIMIT 1) d ON d.partition_id = :partition
                """;
    }

    /** The last batch that begins at or before a position; perhaps one of a lower partition, as at {@link #newestRows}. */
    String batchAt(String columns) {
        return (this == H2 ? """
                SELECT %s FROM outbox_batch WHERE partition_id = :partition AND first_position <= :position
                ORDER BY partition_id, first_position DESC LIMIT 1
                """ : """
                SELECT %s FROM (SELECT * FROM outbox_batch WHERE (partition_id, first_position) <= (:partition, :position)
                                ORDER BY partition_id DESC, first_position DESC LIMIT 1) b
                """).formatted(columns);
    }

    /** Messages with an id in these ranges. There is nearly always only one (on H2 always), and then nothing has to be sorted. */
    String unclaimed(IdRanges ids) {
        if (this == H2) {
            return """
                    SELECT m.id, m.message_id, m.message_key, m.message_type, m.created_at, FALSE AS withheld, m.payload
                    FROM outbox_message m WHERE m.partition_id = :partition AND m.id >= :lowest
                    ORDER BY m.partition_id, m.id LIMIT :max_messages
                    """;
        }
        return CUT_AT_BYTES.formatted(ids.size() == 1 ? """
                SELECT m.*, FALSE AS withheld FROM outbox_message m
                WHERE m.partition_id = :partition AND m.id >= :lowest AND m.id <= :highest
                ORDER BY m.id LIMIT :max_messages
                """ : """
                SELECT u.*, FALSE AS withheld
                FROM unnest(CAST(:lowests AS BIGINT[]), CAST(:highests AS BIGINT[])) AS r(lowest, highest)
                CROSS JOIN LATERAL (SELECT m.* FROM outbox_message m
                                    WHERE m.partition_id = :partition AND m.id >= r.lowest AND m.id <= r.highest
                                    ORDER BY m.id LIMIT :max_messages) u
                ORDER BY u.id LIMIT :max_messages
                """);
    }

    /** The next messages after an id, and whether each is parked; then those of the next partitions, as at {@link #newestRows}. */
    String messagesAfter() {
        return """
                SELECT m.partition_id, m.id, EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id) AS parked
                FROM outbox_message m WHERE %s ORDER BY m.partition_id, m.id LIMIT ?
                """.formatted(this == H2 ? "m.partition_id = ? AND m.id > ?" : "(m.partition_id, m.id) > (?, ?)");
    }

    String claimed() {
        return this == H2 ? CLAIMED : CUT_AT_BYTES.formatted(CLAIMED);
    }

    /** Runs statements in their order. PostgreSQL's driver splits them, prepares each, sends all, and then waits: one round trip. */
    void write(JdbcTemplate jdbc, List<SqlUpdate> updates) {
        if (this == H2 || updates.isEmpty()) {
            updates.forEach(
                    update -> jdbc.update(update.sql(), update.parameters().toArray()));
            return;
        }
        String all = updates.stream().map(SqlUpdate::sql).collect(Collectors.joining(";"));
        @Nullable
        Object[] parameters =
                updates.stream().flatMap(update -> update.parameters().stream()).toArray();
        jdbc.execute(all, (PreparedStatementCallback<Boolean>) statement -> {
            new ArgumentPreparedStatementSetter(parameters).setValues(statement);
            return statement.execute();
        });
    }

    static SqlDialect of(DataSource dataSource) {
        String product;
        try {
            product = JdbcUtils.extractDatabaseMetaData(dataSource, metaData -> metaData.getDatabaseProductName());
        } catch (MetaDataAccessException e) {
            throw new IllegalStateException("The database cannot be reached; look at spring.datasource.url", e);
        }
        return switch (DatabaseDriver.fromProductName(product)) {
            case H2 -> H2;
            case POSTGRESQL -> POSTGRESQL;
            default ->
                throw new IllegalStateException(
                        "spring.datasource.url leads to " + product + "; this service runs on H2 and PostgreSQL");
        };
    }
}

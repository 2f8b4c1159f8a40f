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

/** The databases that the outbox runs on: where their SQL differs. */
public enum SqlDialect {
    H2 {
        private static final String NEWEST_ROWS = """
                LEFT JOIN outbox_batch n ON n.partition_id = :partition AND n.first_position =
                    (SELECT x.first_position FROM outbox_batch x WHERE x.partition_id = :partition
                     ORDER BY x.partition_id, x.first_position DESC LIMIT 1)
                LEFT JOIN outbox_delivery d ON d.partition_id = :partition AND d.delivery_no =
                    (SELECT x.delivery_no FROM outbox_delivery x WHERE x.partition_id = :partition
                     ORDER BY x.partition_id, x.delivery_no DESC LIMIT 1)
                """;

        @Override
        String batchAt(String columns) {
            return "SELECT " + columns
                    + " FROM outbox_batch WHERE partition_id = :partition AND first_position <= :position"
                    + " ORDER BY partition_id, first_position DESC LIMIT 1";
        }

        @Override
        public boolean idsFollowCommits() {
            return true;
        }

        @Override
        void lockIds(JdbcTemplate jdbc) {
            jdbc.queryForList("SELECT id FROM outbox FOR UPDATE");
        }

        @Override
        String logEnd() {
            return LOG_END.formatted(
                    "CAST(9223372036854775807 AS BIGINT)",
                    "CAST(0 AS BIGINT)",
                    "CAST(0 AS BIGINT)",
                    "CAST(0 AS BIGINT)",
                    NEWEST_ROWS);
        }

        @Override
        String unclaimed(IdRanges ids) {
            return """
                    SELECT m.id, m.message_id, m.message_key, m.message_type, m.created_at, FALSE AS withheld, m.payload
                    FROM outbox_message m WHERE m.partition_id = :partition AND m.id >= :lowest
                    ORDER BY m.partition_id, m.id LIMIT :max_messages
                    """;
        }

        @Override
        String claimed() {
            return CLAIMED;
        }

        @Override
        String idsInRanges() {
            throw new IllegalStateException("on H2 ids follow commits: nothing is looked for again");
        }

        @Override
        String peek() {
            return PEEK.formatted(
                    "EXISTS (SELECT 1 FROM outbox_message m WHERE m.partition_id = :partition AND m.id > COALESCE(n.settled_id, 0))",
                    NEWEST_ROWS);
        }

        /** One after the other: it runs within this process. */
        @Override
        void write(JdbcTemplate jdbc, List<SqlUpdate> updates) {
            updates.forEach(
                    update -> jdbc.update(update.sql(), update.parameters().toArray()));
        }
    },
    POSTGRESQL {
        /**
         * Without an equality on the partition, which may give a row of the one before: with it, the planner takes few rows for
         * granted where it has no statistics, and sorts all that there are.
         */
        private static final String NEWEST_ROWS = """
                LEFT JOIN LATERAL (SELECT * FROM outbox_batch x WHERE x.partition_id <= :partition
                                   ORDER BY x.partition_id DESC, x.first_position DESC LIMIT 1) n ON n.partition_id = :partition
                LEFT JOIN LATERAL (SELECT * FROM outbox_delivery x WHERE x.partition_id <= :partition
                                   ORDER BY x.partition_id DESC, x.delivery_no DESC LIMIT 1) d ON d.partition_id = :partition
                """;

        /** Likewise. */
        @Override
        String batchAt(String columns) {
            return "SELECT " + columns
                    + " FROM (SELECT * FROM outbox_batch WHERE (partition_id, first_position) <= (:partition, :position)"
                    + " ORDER BY partition_id DESC, first_position DESC LIMIT 1) b";
        }

        @Override
        public boolean idsFollowCommits() {
            return false;
        }

        /** The default of {@code outbox_message.id} does what is needed. */
        @Override
        void lockIds(JdbcTemplate jdbc) {}

        @Override
        String logEnd() {
            return LOG_END.formatted(
                    "(SELECT max(m.id) FROM outbox_message m WHERE m.partition_id = :partition)",
                    "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
                    "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
                    "CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)",
                    NEWEST_ROWS);
        }

        /**
         * Each range is looked up in the primary key, and gives no more than is wanted of all together; of one range, which is
         * nearly always all there is, nothing has to be sorted. The database sums up the bytes and leaves out the payloads after
         * the one that exceeds them: so the driver holds no more than the bytes and one payload, in one round trip.
         */
        @Override
        String unclaimed(IdRanges ids) {
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

        @Override
        String claimed() {
            return CUT_AT_BYTES.formatted(CLAIMED);
        }

        @Override
        String idsInRanges() {
            return """
                    SELECT u.id FROM unnest(CAST(:lowests AS BIGINT[]), CAST(:highests AS BIGINT[])) AS r(lowest, highest)
                    CROSS JOIN LATERAL (SELECT m.id FROM outbox_message m
                                        WHERE m.partition_id = ANY (CAST(:partitions AS INTEGER[]))
                                          AND m.id >= r.lowest AND m.id <= r.highest
                                        ORDER BY m.id LIMIT 5000) u
                    ORDER BY u.id LIMIT 50000
                    """;
        }

        @Override
        String peek() {
            return PEEK.formatted("""
                    EXISTS (SELECT 1 FROM unnest(CAST(:lowests AS BIGINT[]), CAST(:highests AS BIGINT[])) AS r(lowest, highest)
                            CROSS JOIN LATERAL (SELECT 1 FROM outbox_message m
                                                WHERE m.partition_id = :partition AND m.id >= r.lowest AND m.id <= r.highest
                                                LIMIT 1) u)
                    """, NEWEST_ROWS);
        }

        /** The driver splits them, prepares each, sends all, and then waits: one round trip. */
        @Override
        void write(JdbcTemplate jdbc, List<SqlUpdate> updates) {
            if (updates.isEmpty()) {
                return;
            }
            String all = updates.stream().map(SqlUpdate::sql).collect(Collectors.joining(";"));
            @Nullable
            Object[] parameters = updates.stream()
                    .flatMap(update -> update.parameters().stream())
                    .toArray();
            jdbc.execute(all, (PreparedStatementCallback<Boolean>) statement -> {
                new ArgumentPreparedStatementSetter(parameters).setValues(statement);
                return statement.execute();
            });
        }
    };

    /** The newest rows of both logs, the highest id, this transaction's id, and the oldest one that is running. */
    private static final String LOG_END = """
            SELECT o.queue_name, o.environment, n.first_position,
                   COALESCE(n.last_position, p.purged_position) AS last_position, n.batch_id,
                   n.settled_id, n.sample_id, n.sample_xid, d.delivery_no, d.to_position,
                   %s AS highest_id, %s AS xid, %s AS oldest_xid, %s AS server_start
            FROM outbox o
            JOIN outbox_partition p ON p.partition_id = :partition
            %s
            """;

    /** Without the lock: what is read may be old when it is used. */
    private static final String PEEK = """
            SELECT o.queue_name, o.environment, p.paused OR p.stopped_at IS NOT NULL AS halted, n.last_position, n.batch_id,
                   COALESCE(d.to_position, 0) AS delivered, %s AS unclaimed
            FROM outbox o
            JOIN outbox_partition p ON p.partition_id = :partition
            %s
            """;

    private static final String CLAIMED = """
            SELECT m.id, m.message_id, m.message_key, m.message_type, m.created_at,
                   EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = m.id AND k.resolution IS NOT NULL) AS withheld, m.payload
            FROM outbox_message m WHERE m.partition_id = :partition AND m.id = ANY (:ids) ORDER BY m.id
            """;

    private static final String CUT_AT_BYTES = """
            SELECT id, message_id, message_key, message_type, created_at, withheld,
                   CASE WHEN sum(octet_length(payload)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) - octet_length(payload)
                             <= :max_bytes THEN payload END AS payload
            FROM (%s) m
            ORDER BY id
            """;

    /** Whether ids are given in the order of commits, so that everything that is visible is settled. */
    public abstract boolean idsFollowCommits();

    /** To be called right before messages are inserted, in the same transaction. */
    abstract void lockIds(JdbcTemplate jdbc);

    /** The statement behind {@link LogEnd}. */
    abstract String logEnd();

    /** The last batch that begins at or before a position, of this partition or, where it has none, of one before. */
    abstract String batchAt(String columns);

    /** Messages with one of some ids, without the payloads that come after the first one that exceeds a number of bytes. */
    abstract String unclaimed(IdRanges ids);

    /** Likewise, of messages that were claimed before. */
    abstract String claimed();

    /** Which ids of some ranges are visible in some partitions. */
    abstract String idsInRanges();

    /** Whether there is anything to do. */
    abstract String peek();

    /** Runs statements in their order, in the transaction that is open. Without any, nothing. */
    abstract void write(JdbcTemplate jdbc, List<SqlUpdate> updates);

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

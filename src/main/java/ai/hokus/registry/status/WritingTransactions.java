package ai.hokus.registry.status;

import ai.hokus.registry.outbox.SqlDialect;
import java.time.OffsetDateTime;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;

/**
 * Who keeps {@code settled_id} where it is: a transaction that has written something and does not end, in whichever database of
 * the PostgreSQL cluster. On H2 nobody does. Thread-safe.
 */
@Component
class WritingTransactions {

    /** The two parts are one snapshot; partitions have a few rows. */
    private static final String PROGRESS = """
            SELECT partition_id, settled_id, highest_claimed_id,
                   CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS oldest_xid
            FROM outbox_progress ORDER BY partition_id
            """;

    /** Other roles' rows are without their transaction unless this role may see them (pg_read_all_stats). */
    private static final String HOLDER = """
            SELECT 'session ' || pid || ' (application ' || COALESCE(NULLIF(application_name, ''), 'unnamed') || ', user '
                       || COALESCE(usename, 'unknown') || ', database ' || COALESCE(datname, 'none') || ', '
                       || COALESCE(state, 'state unknown') || ')' AS who,
                   xact_start AS since, query_start,
                   'SELECT pg_terminate_backend(' || pid || ')' AS remedy
            FROM pg_stat_activity WHERE backend_xid = CAST(? AS xid)
            UNION ALL
            SELECT 'prepared transaction ' || quote_literal(gid) || ' (user ' || owner || ', database ' || database || ')',
                   prepared, NULL, 'ROLLBACK PREPARED ' || quote_literal(gid) || ', or COMMIT PREPARED'
            FROM pg_prepared_xacts WHERE transaction = CAST(? AS xid)
            LIMIT 1
            """;

    private static final long XIDS_OF_AN_EPOCH = 1L << 32;

    private final JdbcTemplate jdbc;
    private final SqlDialect dialect;

    WritingTransactions(JdbcTemplate jdbc, SqlDialect dialect) {
        this.jdbc = jdbc;
        this.dialect = dialect;
    }

    /**
     * How far one partition's ids are settled.
     *
     * @param oldestXid every transaction with a lower id has ended; the same for all partitions
     */
    record Progress(int partition, long settledId, long highestClaimedId, long oldestXid) {}

    /** By partition; empty where every visible id is settled. */
    List<Progress> progress() {
        if (dialect.idsFollowCommits()) {
            return List.of();
        }
        return jdbc.query(
                PROGRESS,
                (row, n) -> new Progress(
                        row.getInt("partition_id"),
                        row.getLong("settled_id"),
                        row.getLong("highest_claimed_id"),
                        row.getLong("oldest_xid")));
    }

    /** In words, who has this transaction id, since when, and what ends it. Only on PostgreSQL. */
    String describe(long xid) {
        String id = Long.toString(xid % XIDS_OF_AN_EPOCH);
        return jdbc
                .query(
                        HOLDER,
                        (row, n) -> {
                            OffsetDateTime queryStart = row.getObject("query_start", OffsetDateTime.class);
                            return row.getString("who") + ", open since " + row.getObject("since", OffsetDateTime.class)
                                    + (queryStart == null ? "" : ", last statement at " + queryStart) + "; to end it: "
                                    + row.getString("remedy");
                        },
                        id,
                        id)
                .stream()
                .findFirst()
                .orElse("transaction " + xid + "; this role may not see whose (GRANT pg_read_all_stats lets it)");
    }
}

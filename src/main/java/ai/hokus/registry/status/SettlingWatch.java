package ai.hokus.registry.status;

import ai.hokus.registry.outbox.SqlDialect;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Finds out when {@code settled_id} stands still because of a transaction that has written something and does not end, in
 * whichever database of the PostgreSQL cluster. Without traffic it stands still too, so for a minute the oldest writing
 * transaction and {@code settled_id} must be the same, and higher ids than at its beginning be claimed. On H2 every visible id
 * is settled. Confined to the sampler's thread.
 */
@Component
class SettlingWatch {

    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** Ids and transaction are from one snapshot. There is one row for each partition. */
    private static final String PROGRESS = """
            SELECT partition_id AS partition, settled_id, highest_claimed_id,
                   CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS oldest_xid
            FROM outbox_progress ORDER BY partition_id
            """;

    /** Other roles' rows do not show their transaction unless this role may see it (pg_read_all_stats). */
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

    private final JdbcClient jdbc;
    private final SqlDialect dialect;
    private final Clock steady;

    private Instant since = Instant.MIN;
    private Map<Integer, Progress> atBeginning = Map.of();

    /** How far one partition's ids are settled. {@code oldestXid}: every transaction with a lower id has ended. */
    private record Progress(int partition, long settledId, long highestClaimedId, long oldestXid) {}

    private record Holder(
            String who, OffsetDateTime since, @Nullable OffsetDateTime queryStart, String remedy) {

        String describe() {
            return who + ", open since " + since + (queryStart == null ? "" : ", last statement at " + queryStart)
                    + "; to end it: " + remedy;
        }
    }

    SettlingWatch(JdbcClient jdbc, SqlDialect dialect, @Qualifier("steadyClock") Clock steady) {
        this.jdbc = jdbc;
        this.dialect = dialect;
        this.steady = steady;
    }

    /** What keeps {@code settled_id} where it is, in words; null: nothing. */
    @Nullable
    String look() {
        if (dialect.idsFollowCommits()) {
            return null;
        }
        List<Progress> progress = jdbc.sql(PROGRESS).query(Progress.class).list();
        long oldestXid = progress.get(0).oldestXid();
        Instant now = steady.instant();
        if (atBeginning.values().stream().noneMatch(before -> before.oldestXid() == oldestXid)) {
            since = now;
            atBeginning = progress.stream().collect(Collectors.toMap(Progress::partition, p -> p));
            return null;
        }
        List<String> held = progress.stream()
                .filter(this::standsStill)
                .map(p -> Integer.toString(p.partition()))
                .toList();
        if (held.isEmpty() || Duration.between(since, now).compareTo(LIMIT) < 0) {
            return null;
        }
        return "a transaction that does not end keeps settled_id of partition " + String.join(", ", held)
                + " where it is: " + describe(oldestXid)
                + ". Messages are delivered, but the longer it lasts, the more work each takes. What to do: the runbook,"
                + " unsettled";
    }

    private boolean standsStill(Progress progress) {
        Progress before = atBeginning.get(progress.partition());
        return before != null
                && progress.settledId() == before.settledId()
                && progress.highestClaimedId() > Math.max(before.highestClaimedId(), progress.settledId());
    }

    /** In words, who has this transaction id, since when, and what ends it. */
    private String describe(long xid) {
        String id = Long.toString(xid % XIDS_OF_AN_EPOCH);
        return jdbc.sql(HOLDER)
                .params(id, id)
                .query(Holder.class)
                .optional()
                .map(Holder::describe)
                .orElse("transaction " + xid + "; this role may not see whose (GRANT pg_read_all_stats lets it)");
    }
}

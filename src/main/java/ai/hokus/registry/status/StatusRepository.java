package ai.hokus.registry.status;

import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The outbox as operators see it: reads {@code outbox_status}, writes {@code outbox_relay}. Thread-safe. What is thrown when the
 * database does not answer in time is a {@link org.springframework.dao.DataAccessException} or a {@link
 * org.springframework.transaction.TransactionException}.
 */
@Component
@DependsOnDatabaseInitialization
class StatusRepository {

    private static final String READ = """
            SELECT partition_id, state, pending, pending_is_estimate, oldest_pending_age_ms, parked, last_position,
                   delivered_position, last_delivered_at,
                   CASE WHEN reported_at > CURRENT_TIMESTAMP - INTERVAL '1' MINUTE THEN relay_state END AS reported_relay_state
            FROM outbox_status ORDER BY partition_id
            """;

    private static final String UPDATE_REPORT = """
            UPDATE outbox_relay
            SET state = ?, breaker_state = ?, last_pass_at = ?, last_error = ?, last_error_at = ?, queue_depth = ?,
                reported_at = CURRENT_TIMESTAMP
            WHERE partition_id = ? AND instance = ?
            """;

    private static final String INSERT_REPORT = """
            INSERT INTO outbox_relay
                (state, breaker_state, last_pass_at, last_error, last_error_at, queue_depth, partition_id, instance)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """;

    /** No partition has this number. */
    private static final String UPDATE_PROBE =
            "UPDATE outbox_relay SET reported_at = CURRENT_TIMESTAMP WHERE partition_id = -1 AND instance = ?";

    private static final String INSERT_PROBE = """
            INSERT INTO outbox_relay (partition_id, instance, state, breaker_state)
            VALUES (-1, ?, 'write_probe', 'closed')
            """;

    /** Rewinds are rare, and their table has no index by time: the newest by their ids. */
    private static final String REWINDS_IN_LAST_HOUR = """
            SELECT CAST(count(*) AS INTEGER)
            FROM (SELECT rewound_at, from_position, to_position FROM outbox_rewind ORDER BY id DESC LIMIT 100) r
            WHERE rewound_at > CURRENT_TIMESTAMP - INTERVAL '1' HOUR AND from_position > to_position
            """;

    private static final String FORGET_REPORTS = "DELETE FROM outbox_relay WHERE reported_at < ?";

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;

    /** @param transaction the transactions that registrations have: for the probe, and for what else depends on their settings */
    StatusRepository(JdbcTemplate jdbc, TransactionTemplate transaction) {
        this.jdbc = jdbc;
        this.transaction = transaction;
    }

    /** All partitions, by their number. */
    List<PartitionStatus> read() {
        return Objects.requireNonNull(transaction.execute(status -> jdbc.query(
                READ,
                (row, n) -> new PartitionStatus(
                        row.getInt("partition_id"),
                        PartitionState.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
                        row.getLong("pending"),
                        row.getBoolean("pending_is_estimate"),
                        row.getLong("oldest_pending_age_ms"),
                        row.getLong("parked"),
                        row.getLong("last_position"),
                        row.getLong("delivered_position"),
                        instant(row.getObject("last_delivered_at", OffsetDateTime.class)),
                        row.getString("reported_relay_state")))));
    }

    /** How often Redis had lost messages within the last hour; 100 at most. */
    int rewindsInLastHour() {
        return Objects.requireNonNull(jdbc.queryForObject(REWINDS_IN_LAST_HOUR, Integer.class));
    }

    /** Proves that a write commits: writes this instance's own row, which no partition's relay has. */
    void probeWrite(String instance) {
        transaction.executeWithoutResult(status -> {
            if (jdbc.update(UPDATE_PROBE, instance) == 0) {
                jdbc.update(INSERT_PROBE, instance);
            }
        });
    }

    /** Proves that the database answers, if only to be read. */
    void probeRead() {
        jdbc.queryForList("SELECT partitions FROM outbox");
    }

    /** Writes what a relay of this instance reports over what it reported before. */
    void report(String instance, BreakerState breaker, RelayStatus relay) {
        Object[] row = {
            relay.state().name().toLowerCase(Locale.ROOT),
            breaker.name().toLowerCase(Locale.ROOT),
            utc(relay.lastPassAt()),
            relay.lastError(),
            utc(relay.lastErrorAt()),
            relay.queueDepth() < 0 ? null : relay.queueDepth(),
            relay.partition(),
            instance
        };
        if (jdbc.update(UPDATE_REPORT, row) == 0) {
            jdbc.update(INSERT_REPORT, row);
        }
    }

    void forgetReportsBefore(OffsetDateTime time) {
        jdbc.update(FORGET_REPORTS, time);
    }

    private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
        return time == null ? null : time.toInstant();
    }

    private static @Nullable OffsetDateTime utc(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}

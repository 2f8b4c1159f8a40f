package ai.hokus.registry.outbox;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import org.springframework.jdbc.core.JdbcTemplate;

/** The outbox as operators see it: reads {@code outbox_status}, writes {@code outbox_relay}. Thread-safe. */
public class OutboxStatus {

    private static final String READ = """
            SELECT partition_id, state, pending, pending_is_estimate, oldest_pending_at, oldest_pending_age_ms, parked, last_position,
                   delivered_position, last_delivered_at
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

    private static final String FORGET_REPORTS = "DELETE FROM outbox_relay WHERE reported_at < ?";

    private final JdbcTemplate jdbc;

    /** @param timeout of a statement; the caller's own deadline */
    OutboxStatus(JdbcTemplate jdbc, Duration timeout) {
        this.jdbc = new JdbcTemplate(java.util.Objects.requireNonNull(jdbc.getDataSource()));
        this.jdbc.setQueryTimeout(Math.toIntExact(timeout.toSeconds()));
    }

    /**
     * All partitions, by their number.
     *
     * @throws org.springframework.dao.DataAccessException when the database does not answer in time
     */
    public List<PartitionStatus> read() {
        return jdbc.query(
                READ,
                (row, n) -> new PartitionStatus(
                        row.getInt("partition_id"),
                        PartitionState.of(row.getString("state")),
                        row.getLong("pending"),
                        row.getBoolean("pending_is_estimate"),
                        row.getObject("oldest_pending_at", OffsetDateTime.class),
                        row.getLong("oldest_pending_age_ms"),
                        row.getLong("parked"),
                        row.getLong("last_position"),
                        row.getLong("delivered_position"),
                        row.getObject("last_delivered_at", OffsetDateTime.class)));
    }

    /** Writes what a relay reports over what it reported before. */
    public void report(RelayReport report) {
        Object[] row = {
            report.state(),
            report.breakerState(),
            report.lastPassAt(),
            report.lastError(),
            report.lastErrorAt(),
            report.queueDepth(),
            report.partition(),
            report.instance()
        };
        if (jdbc.update(UPDATE_REPORT, row) == 0) {
            jdbc.update(INSERT_REPORT, row);
        }
    }

    /** Deletes the reports of instances that are gone. */
    public int forgetReportsBefore(OffsetDateTime time) {
        return jdbc.update(FORGET_REPORTS, time);
    }
}

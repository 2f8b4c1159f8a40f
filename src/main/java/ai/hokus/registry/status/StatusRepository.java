package ai.hokus.registry.status;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Reads {@code outbox_status} and writes {@code outbox_relay}, in transactions with the settings of registrations', on which
 * the probe and the sample depend. Thread-safe. Throws a {@link org.springframework.dao.DataAccessException} or {@link
 * org.springframework.transaction.TransactionException} if the database does not answer in time.
 */
@Component
@DependsOnDatabaseInitialization
record StatusRepository(JdbcClient jdbc, TransactionTemplate transaction, InstanceName instance) {

    /** UPPER would follow the database's locale, and Turkish does not turn "running" into RUNNING. */
    private static final String READ = """
            SELECT partition_id AS partition,
                   CASE state WHEN 'running' THEN 'RUNNING' WHEN 'paused' THEN 'PAUSED' WHEN 'stopped' THEN 'STOPPED' END AS state,
                   pending, pending_is_estimate,
                   COALESCE(oldest_pending_age_ms, 0) AS oldest_pending_age_ms, parked, last_position, delivered_position,
                   last_delivered_at,
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

    /** The probe's own row: no partition has the number -1. */
    private static final String UPDATE_PROBE =
            "UPDATE outbox_relay SET reported_at = CURRENT_TIMESTAMP WHERE partition_id = -1 AND instance = ?";

    private static final String INSERT_PROBE = """
            INSERT INTO outbox_relay (partition_id, instance, state, breaker_state)
            VALUES (-1, ?, 'write_probe', 'closed')
            """;

    /**
     * One failover rewinds every partition, so those of one partition count. Rewinds are rare, and their table has no index by
     * time, so the newest are found by their ids: more than three for each of 1,024 partitions.
     */
    private static final String REWINDS_IN_LAST_HOUR = """
            SELECT CAST(COALESCE(max(n), 0) AS INTEGER)
            FROM (SELECT count(*) AS n
                  FROM (SELECT * FROM outbox_rewind ORDER BY id DESC LIMIT 5000) r
                  WHERE rewound_at > CURRENT_TIMESTAMP - INTERVAL '1' HOUR AND from_position > to_position
                  GROUP BY partition_id) p
            """;

    private static final String FORGET_REPORTS =
            "DELETE FROM outbox_relay WHERE reported_at < CURRENT_TIMESTAMP - INTERVAL '1' DAY";

    List<PartitionStatus> read() {
        return requireNonNull(transaction.execute(
                status -> jdbc.sql(READ).query(PartitionStatus.class).list()));
    }

    /** How often one partition was rewound within the last hour: the most of all partitions. */
    int rewindsInLastHour() {
        return jdbc.sql(REWINDS_IN_LAST_HOUR).query(Integer.class).single();
    }

    /** Proves that a write commits: writes this instance's own row, which no partition's relay has. */
    void probeWrite() {
        transaction.executeWithoutResult(status -> {
            if (jdbc.sql(UPDATE_PROBE).param(instance.value()).update() == 0) {
                jdbc.sql(INSERT_PROBE).param(instance.value()).update();
            }
        });
    }

    void probeRead() {
        jdbc.sql("SELECT partitions FROM outbox").query().singleValue();
    }

    void report(BreakerState breaker, RelayStatus relay) {
        Object[] row = {
            relay.state().name().toLowerCase(Locale.ROOT),
            breaker.name().toLowerCase(Locale.ROOT),
            utc(relay.lastPassAt()),
            relay.lastError(),
            utc(relay.lastErrorAt()),
            relay.queueDepth() < 0 ? null : relay.queueDepth(),
            relay.partition(),
            instance.value()
        };
        if (jdbc.sql(UPDATE_REPORT).params(row).update() == 0) {
            jdbc.sql(INSERT_REPORT).params(row).update();
        }
    }

    void forgetOldReports() {
        jdbc.sql(FORGET_REPORTS).update();
    }

    private static @Nullable OffsetDateTime utc(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }
}

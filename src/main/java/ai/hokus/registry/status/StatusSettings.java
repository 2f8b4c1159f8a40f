package ai.hokus.registry.status;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the status.
 *
 * @param interval Pause between two probes of the database, each of which writes one row. A change is noticed within this time.
 *     It is also the pause between two samples of the outbox; if a sample takes long, the pause is ten times as long as the
 *     sample, so that sampling costs at most a tenth of one connection.
 * @param reportInterval How often a relay's state is written to the database, where operators' SQL sees it. A change is written
 *     at once. At most 30s.
 * @param stalledAfter Delivery counts as stalled if a message has waited for this long and nothing was delivered for this long,
 *     although Redis answers, the queue has room and no operator paused it.
 */
@ConfigurationProperties("registry.status")
record StatusSettings(
        @DefaultValue("2s") Duration interval,
        @DefaultValue("10s") Duration reportInterval,
        @DefaultValue("60s") Duration stalledAfter) {

    /**
     * Timeout of a probe: 2 s for a connection and 5 s for its statement, as for a registration. With the interval that is when a
     * probe is overdue: 9 s after the last answer of a database that has stopped answering.
     */
    static final Duration PROBE_TIMEOUT = Duration.ofSeconds(7);

    /** How long after its time the next sample is overdue: a bit more than one statement's timeout. */
    static final Duration SAMPLE_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration MAX_REPORT_INTERVAL = Duration.ofSeconds(30);

    StatusSettings {
        if (interval.toMillis() < 10) {
            throw new IllegalArgumentException(
                    "registry.status.interval is " + interval + "; it must be at least 10ms, for example 2s");
        }
        if (reportInterval.compareTo(interval) < 0 || reportInterval.compareTo(MAX_REPORT_INTERVAL) > 0) {
            throw new IllegalArgumentException("registry.status.report-interval is " + reportInterval
                    + "; it must not be less than registry.status.interval nor more than 30s, for example 10s");
        }
        if (stalledAfter.compareTo(interval) < 0) {
            throw new IllegalArgumentException("registry.status.stalled-after is " + stalledAfter
                    + "; it must not be less than registry.status.interval, for example 60s");
        }
    }
}

package ai.hokus.registry.status;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the status.
 *
 * @param interval pause between two probes of the database, each a write of one row: a change shows within it. Also the pause
 *     between two samples of the outbox, unless ten times as long as the last one took is more: sampling costs no more than a
 *     tenth of one connection
 * @param reportInterval how often a relay's state is written where operators' SQL sees it; at once when it changes. At most 30s
 * @param stalledAfter delivery stands still when a message has waited for this long, nothing was delivered for this long, and
 *     neither Redis, a full queue nor an operator's pause is why
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

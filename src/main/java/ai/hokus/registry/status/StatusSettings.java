package ai.hokus.registry.status;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the status.
 *
 * @param interval Pause between two probes of the database, each of which writes one row. A change is noticed within this time.
 *     It is also the pause between two samples of the outbox; if a sample takes long, the pause is ten times as long as the
 *     sample, so that sampling costs at most a tenth of one connection. After a sample that failed it is at most 10 s.
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

    /** 2 s for a connection and 5 s for a statement, as for a registration: a probe is overdue 9 s after the last answer. */
    static final Duration PROBE_TIMEOUT = Duration.ofSeconds(7);

    /** How late the next sample may be, and the first one: more than one statement's timeout. */
    static final Duration SAMPLE_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration MAX_REPORT_INTERVAL = Duration.ofSeconds(30);

    StatusSettings {
        String name = "registry.status.interval";
        Duration min = Duration.ofMillis(10);
        SettingRange.between(name, interval, min, MAX_REPORT_INTERVAL, "2s");
        SettingRange.between("registry.status.report-interval", reportInterval, min, MAX_REPORT_INTERVAL, "10s");
        SettingRange.atLeast("registry.status.report-interval", reportInterval, name, interval);
        SettingRange.atLeast("registry.status.stalled-after", stalledAfter, name, interval);
    }
}

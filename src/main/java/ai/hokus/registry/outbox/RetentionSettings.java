package ai.hokus.registry.outbox;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of retention.
 *
 * @param period How long a message is kept after its delivery; longer while Redis is away. This limits what can be sent again
 *     after Redis was emptied.
 * @param interval Pause between two runs.
 * @param maxMessages Maximum number of messages that one transaction deletes; 5,000 of 1 KiB take well under a second. A larger
 *     batch is deleted whole.
 * @param maxRunDuration A run begins no transaction after this time.
 */
@ConfigurationProperties("registry.retention")
record RetentionSettings(
        @DefaultValue("24h") Duration period,
        @DefaultValue("1m") Duration interval,
        @DefaultValue("5000") int maxMessages,
        @DefaultValue("1m") Duration maxRunDuration) {

    /** See {@link Retention}: it must fit into the job's lock of 5 minutes. */
    private static final Duration MAX_RUN_DURATION = Duration.ofMinutes(4);

    RetentionSettings {
        SettingRange.atLeast("registry.retention.period", period, Duration.ZERO, "24h");
        SettingRange.atLeast("registry.retention.interval", interval, Duration.ofMillis(1), "1m");
        SettingRange.between("registry.retention.max-messages", maxMessages, 1, 50_000, "5000");
        SettingRange.between(
                "registry.retention.max-run-duration", maxRunDuration, Duration.ofMillis(1), MAX_RUN_DURATION, "1m");
    }
}

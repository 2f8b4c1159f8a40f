package ai.hokus.registry.database;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How migrations run, and wait for locks on PostgreSQL. With the defaults they give up after about 3 minutes.
 *
 * @param lockTimeout how long one try waits for a lock. Everybody else who wants the table queues behind it, so it is less
 *     than the 2 s after which a registration gives up
 * @param maxLockAttempts maximum number of tries
 * @param lockRetryInterval pause between two tries, in which those who queued go on
 * @param reportInterval how often a migration that takes long is reported in the log
 */
@ConfigurationProperties("registry.migration")
record MigrationSettings(
        @DefaultValue("1s") Duration lockTimeout,
        @DefaultValue("60") int maxLockAttempts,
        @DefaultValue("2s") Duration lockRetryInterval,
        @DefaultValue("10s") Duration reportInterval) {

    MigrationSettings {
        SettingRange.atLeast("registry.migration.lock-timeout", lockTimeout, Duration.ofMillis(1), "1s");
        SettingRange.atLeast("registry.migration.max-lock-attempts", maxLockAttempts, 1, "60");
        SettingRange.atLeast("registry.migration.lock-retry-interval", lockRetryInterval, Duration.ZERO, "2s");
        SettingRange.atLeast("registry.migration.report-interval", reportInterval, Duration.ofMillis(1), "10s");
    }
}

package ai.hokus.registry.operations;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of retention.
 *
 * @param keep how long a message stays after its delivery, and longer while Redis is away; also the most that is sent again after
 *     Redis was emptied
 * @param every pause between two runs
 * @param batch positions per transaction; 5,000 rows of 1 KiB are deleted in well under a second
 * @param longestRun no transaction begins after this. With one transaction (7 s at most) it stays inside the 5 minutes of
 *     the job's lock
 */
@ConfigurationProperties("registry.retention")
record RetentionSettings(
        @DefaultValue("24h") Duration keep,
        @DefaultValue("1m") Duration every,
        @DefaultValue("5000") int batch,
        @DefaultValue("1m") Duration longestRun) {

    private static final Duration LONGEST_RUN = Duration.ofMinutes(4);

    RetentionSettings {
        if (keep.isNegative()) {
            throw new IllegalArgumentException(
                    "registry.retention.keep is " + keep + "; it must not be negative, for example 24h");
        }
        if (every.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "registry.retention.every is " + every + "; it must be at least 1ms, for example 1m");
        }
        if (batch < 1 || batch > 50_000) {
            throw new IllegalArgumentException(
                    "registry.retention.batch is " + batch + "; it must be between 1 and 50000, for example 5000");
        }
        if (longestRun.toMillis() < 1 || longestRun.compareTo(LONGEST_RUN) > 0) {
            throw new IllegalArgumentException("registry.retention.longest-run is " + longestRun
                    + "; it must be between 1ms and " + LONGEST_RUN + ", for example 1m");
        }
    }
}

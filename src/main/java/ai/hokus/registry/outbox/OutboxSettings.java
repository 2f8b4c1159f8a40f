package ai.hokus.registry.outbox;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the outbox.
 *
 * @param partitions Number of partitions. The first start writes it into the database, and from then on it must be the same
 *     everywhere.
 * @param divergenceHealInterval Time within which delivery of a partition continues by itself only once after another copy of
 *     this database has written to the queue. The second time stops the partition until an operator decides.
 * @param environment The environment that this database belongs to, for example {@code production}. The first start that has it
 *     set records it in the database, and from then on only instances with the same value relay.
 */
@ConfigurationProperties("registry.outbox")
public record OutboxSettings(
        @DefaultValue("1") int partitions,
        @DefaultValue("1h") Duration divergenceHealInterval,
        @Nullable String environment) {

    /** More would be more lock rows than any deployment of one list can use. */
    static final int MAX_PARTITIONS = 1024;

    public OutboxSettings {
        environment = environment == null || environment.isBlank() ? null : environment.strip();
        if (environment != null && environment.length() > 255) {
            throw new IllegalArgumentException("registry.outbox.environment has " + environment.length()
                    + " characters; it must have at most 255, for example production");
        }
        SettingRange.between("registry.outbox.partitions", partitions, 1, MAX_PARTITIONS, "1");
        SettingRange.atLeast("registry.outbox.divergence-heal-interval", divergenceHealInterval, Duration.ZERO, "1h");
    }
}

package ai.hokus.registry.outbox;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the outbox.
 *
 * @param partitions how many partitions the outbox has; written into the database by the first start, and from then on it
 *     must be the same everywhere
 * @param healDivergenceEvery how often, per partition, a checkpoint in Redis that is not in this database's history is
 *     healed by itself; one that comes sooner stops the partition until an operator decides
 */
@ConfigurationProperties("registry.outbox")
public record OutboxSettings(
        @DefaultValue("1") int partitions,
        @DefaultValue("1h") Duration healDivergenceEvery) {

    /** More would be more lock rows than any deployment of one list can use. */
    static final int MOST_PARTITIONS = 1024;

    public OutboxSettings {
        if (partitions < 1 || partitions > MOST_PARTITIONS) {
            throw new IllegalArgumentException("registry.outbox.partitions is " + partitions
                    + "; it must be between 1 and " + MOST_PARTITIONS + ", for example 1");
        }
        if (healDivergenceEvery.isNegative()) {
            throw new IllegalArgumentException("registry.outbox.heal-divergence-every is " + healDivergenceEvery
                    + "; it must not be negative, for example 1h");
        }
    }
}

package ai.hokus.registry.consumers;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of what is seen of consumers.
 *
 * @param enabled Whether this instance looks at the lists that consumers keep beside the queue. The Redis user needs the right
 *     to read them. Without it the instance says so, and works all the same.
 * @param interval Pause between two looks at the lists. Each look reads at most 1,000 elements or 4 MB of each list.
 * @param stuckAfter How long an element must have been seen in the list of what consumers are working on until it counts as
 *     stuck. Unless the operator says otherwise, it is put back only then.
 */
@ConfigurationProperties("registry.consumers")
record ConsumerSettings(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("5s") Duration interval,
        @DefaultValue("15m") Duration stuckAfter) {

    ConsumerSettings {
        if (interval.toMillis() < 10) {
            throw new IllegalArgumentException(
                    "registry.consumers.interval is " + interval + "; it must be at least 10ms, for example 5s");
        }
        if (stuckAfter.compareTo(interval) < 0) {
            throw new IllegalArgumentException("registry.consumers.stuck-after is " + stuckAfter
                    + "; it must not be less than registry.consumers.interval, for example 15m");
        }
    }
}

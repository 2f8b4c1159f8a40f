package ai.hokus.registry.consumers;

import ai.hokus.registry.SettingRange;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the look at consumers' lists.
 *
 * @param enabled Whether this instance looks at the lists that consumers keep beside the queue. The Redis user needs the right
 *     to read them. Without it the instance logs a warning, and works all the same.
 * @param interval Pause between two looks at the lists. Each look reads at most 1,000 elements or 4 MB of each list.
 * @param stuckAfter How long an element must have been seen in the list {@code :processing} until it counts as stuck. Unless
 *     the operator says otherwise, only stuck elements are put back from there.
 */
@ConfigurationProperties("registry.consumers")
record ConsumerSettings(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("5s") Duration interval,
        @DefaultValue("15m") Duration stuckAfter) {

    ConsumerSettings {
        SettingRange.atLeast("registry.consumers.interval", interval, Duration.ofMillis(10), "5s");
        SettingRange.atLeast("registry.consumers.stuck-after", stuckAfter, "registry.consumers.interval", interval);
    }
}

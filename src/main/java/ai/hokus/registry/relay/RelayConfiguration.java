package ai.hokus.registry.relay;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.Source;
import java.time.Clock;
import java.util.List;
import net.javacrumbs.shedlock.core.LockProvider;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the room together; without a queue there is a relay that relays nothing. */
@Configuration(proxyBeanMethods = false)
class RelayConfiguration {

    @Bean
    QueueBreaker queueBreaker(RelaySettings settings, Clock clock) {
        return new QueueBreaker(settings.firstWait(), settings.longestWait(), settings.lockAtMostFor(), clock);
    }

    @Bean
    Relay relay(
            ObjectProvider<MessageQueue> queues,
            OutboxPartitions outbox,
            QueueBreaker breaker,
            LockProvider locks,
            RelaySettings settings,
            QueueSettings queueSettings,
            InstanceName instance,
            Clock clock) {
        MessageQueue queue = queues.getIfAvailable();
        if (queue == null) {
            return new Relay(
                    List.of(),
                    "No Redis is configured (REDIS_URL or REDIS_HOST): registrations are accepted and their messages wait"
                            + " in the outbox.");
        }
        if (!settings.enabled()) {
            return new Relay(
                    List.of(),
                    "registry.relay.enabled is false: this instance accepts registrations and leaves delivery to others.");
        }
        settings.checkLock(queueSettings.longestCall());
        RelayPass.PassLimits limits = new RelayPass.PassLimits(
                settings.batchMessages(),
                settings.batchBytes().toBytes(),
                queueSettings.checkpoints(),
                instance.value());
        return new Relay(
                outbox.all().stream()
                        .map(partition -> new PartitionRelay(
                                partition,
                                queue,
                                new Source(outbox.outboxId(), partition.number()),
                                breaker,
                                locks,
                                settings,
                                limits,
                                clock))
                        .toList(),
                "");
    }
}

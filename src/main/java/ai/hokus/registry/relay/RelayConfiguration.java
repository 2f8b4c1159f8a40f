package ai.hokus.registry.relay;

import ai.hokus.registry.InstanceName;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import java.time.Clock;
import java.util.List;
import net.javacrumbs.shedlock.core.LockProvider;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class RelayConfiguration {

    @Bean
    QueueBreaker queueBreaker(RelaySettings settings, @Qualifier("steadyClock") Clock clock) {
        return new QueueBreaker(settings.initialBackoff(), settings.maxBackoff(), settings.lockAtMostFor(), clock);
    }

    @Bean
    QueueCapacity queueCapacity(QueueSettings settings) {
        return new QueueCapacity(settings.capacity());
    }

    @Bean
    Relay relay(
            ObjectProvider<MessageQueue> queues,
            ObjectProvider<RelayListener> listeners,
            OutboxPartitions outboxPartitions,
            QueueBreaker breaker,
            LockProvider locks,
            RelaySettings settings,
            QueueSettings queueSettings,
            InstanceName instance,
            Clock clock) {
        MessageQueue queue = queues.getIfAvailable();
        if (queue == null) {
            return new Relay(RelayMode.NOT_CONFIGURED, List::of, breaker);
        }
        if (!settings.enabled()) {
            return new Relay(RelayMode.DISABLED, List::of, breaker);
        }
        settings.checkLock(queueSettings.maxCallDuration());
        RelayListeners all = new RelayListeners(listeners.orderedStream().toList());
        List<OutboxPartition> partitions = outboxPartitions.forRelay(instance.value(), queueSettings.name());
        return new Relay(
                RelayMode.RELAYING,
                () -> partitions.stream()
                        .map(partition -> new PartitionRelay(
                                partition,
                                queue,
                                new ProducerId(outboxPartitions.outboxId(), partition.number()),
                                breaker,
                                locks,
                                settings,
                                clock,
                                all))
                        .toList(),
                breaker);
    }
}

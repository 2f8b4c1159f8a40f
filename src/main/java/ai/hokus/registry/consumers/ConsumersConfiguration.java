package ai.hokus.registry.consumers;

import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.outbox.OutboxSettings;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import java.time.Clock;
import java.util.List;
import java.util.stream.IntStream;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Puts the module together; without a Redis nothing is known, and nothing runs. */
@Configuration(proxyBeanMethods = false)
class ConsumersConfiguration {

    @Bean
    ConsumerMemory consumerMemory(Clock clock, @Qualifier("steadyClock") Clock steady) {
        return new ConsumerMemory(clock, steady);
    }

    @Bean
    PutBack putBack(ObjectProvider<ConsumerLists> lists, ConsumerMemory memory, ConsumerSettings settings) {
        return new PutBack(lists.getIfAvailable(), memory.processing(), settings.stuckAfter());
    }

    @Bean
    ConsumerSampler consumerSampler(
            ObjectProvider<ConsumerLists> lists,
            ConsumerMemory memory,
            ConsumerCache cache,
            ConsumerSettings settings,
            QueueSettings queue,
            OutboxPartitions outbox,
            OutboxSettings outboxSettings,
            TakenMessages taken,
            Clock clock) {
        List<ProducerId> producers = IntStream.range(0, outboxSettings.partitions())
                .mapToObj(partition -> new ProducerId(outbox.outboxId(), partition))
                .toList();
        ConsumerLists found = lists.getIfAvailable();
        if (found == null) {
            cache.unknown("no Redis is configured");
        } else if (!settings.enabled()) {
            cache.unknown("this instance does not look at the consumers' lists: registry.consumers.enabled is false");
        }
        return new ConsumerSampler(
                settings.enabled() ? found : null,
                new ListSampler(producers, memory, taken, settings.stuckAfter(), clock),
                memory,
                cache,
                taken,
                settings.interval(),
                queue.maxCallDuration(),
                clock);
    }
}

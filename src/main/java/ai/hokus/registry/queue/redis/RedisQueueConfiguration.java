package ai.hokus.registry.queue.redis;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Without a configured Redis there is no {@link MessageQueue}, and messages wait. */
@Configuration(proxyBeanMethods = false)
class RedisQueueConfiguration {

    private static final Logger log = LoggerFactory.getLogger(RedisQueueConfiguration.class);

    private final Optional<RedisSettings> redis;

    /** @throws StartupRefusedException when a variable is unusable, or two contradict each other */
    RedisQueueConfiguration(ConfigurableEnvironment environment) {
        redis = new RedisEnvironment(environment).settings();
        redis.filter(RedisSettings::sendsPasswordInTheClear)
                .ifPresent(settings -> log.warn(
                        "The Redis password crosses the network in clear text to {}. ElastiCache takes an AUTH token over"
                                + " TLS only. Set REDIS_TLS_ENABLED=true, or rediss:// in REDIS_URL.",
                        settings.address()));
    }

    @Bean
    @Conditional(RedisIsConfigured.class)
    RedisMessageQueue messageQueue(QueueSettings settings) {
        return new RedisMessageQueue(settings, redis.orElseThrow());
    }

    @Bean
    @Conditional(RedisIsConfigured.class)
    RedisConsumerLists consumerLists(QueueSettings settings) {
        return new RedisConsumerLists(settings, redis.orElseThrow());
    }

    static class RedisIsConfigured implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return new RedisEnvironment((ConfigurableEnvironment) context.getEnvironment()).namesRedis();
        }
    }
}

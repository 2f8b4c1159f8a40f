package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Puts the room together. Without a configured Redis there is no {@link MessageQueue} and everything waits; with one, no
 * bean touches it at start-up: the first call connects.
 */
@Configuration(proxyBeanMethods = false)
class RedisQueueConfiguration {

    private static final Logger LOG = LoggerFactory.getLogger(RedisQueueConfiguration.class);

    /**
     * @throws InvalidRedisSettingsException when a variable is unusable
     */
    @Bean
    QueueTarget queueTarget(Environment environment, QueueSettings settings) {
        String description =
                RedisSettings.from(environment).map(RedisSettings::address).orElse("not configured");
        boolean configured = RedisSettings.isConfigured(environment);
        return new QueueTarget(configured, description, settings.capacity(), settings.notifications());
    }

    /** Closed with the application; that takes {@link RedisMessageQueue#MAX_CLOSE_DURATION} at most. */
    @Bean(destroyMethod = "close")
    @Conditional(RedisIsConfigured.class)
    RedisMessageQueue messageQueue(Environment environment, QueueSettings settings) {
        RedisSettings redis = RedisSettings.from(environment).orElseThrow();
        if (redis.sendsPasswordInTheClear()) {
            LOG.warn(
                    "The Redis password crosses the network in clear text to {}. ElastiCache takes an AUTH token over"
                            + " TLS only. Set REDIS_TLS_ENABLED=true, or rediss:// in REDIS_URL.",
                    redis.address());
        }
        return new RedisMessageQueue(settings, redis);
    }

    static class RedisIsConfigured implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return RedisSettings.isConfigured(context.getEnvironment());
        }
    }
}

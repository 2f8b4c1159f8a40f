package ai.hokus.registry.queue.redis;

import ai.hokus.registry.support.TestContainers;
import org.testcontainers.junit.jupiter.Testcontainers;

/** The same on a Redis in a container; skipped where there is no container engine. */
@Testcontainers(disabledWithoutDocker = true)
class RedisContainerTest extends RedisMessageQueueTest {

    @Override
    int port() {
        return TestContainers.redisPort();
    }
}

package ai.hokus.registry.queue.redis;

import ai.hokus.registry.support.TestContainers;
import org.junit.jupiter.api.condition.EnabledIf;

/** The same on a Redis in a container; skipped where there is no container engine. */
@EnabledIf("ai.hokus.registry.support.TestContainers#available")
class RedisContainerTest extends RedisMessageQueueTest {

    @Override
    int port() {
        return TestContainers.redisPort();
    }
}

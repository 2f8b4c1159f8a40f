package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import org.springframework.util.unit.DataSize;

/** The real queue, put together without Spring, for the tests of other rooms. */
public final class TestQueue {

    private TestQueue() {}

    /** The caller closes it. */
    public static RedisMessageQueue on(TestRedis server, String name) {
        Duration timeout = Duration.ofSeconds(2);
        return new RedisMessageQueue(
                new QueueSettings(name, 100_000, 1_000, false, timeout, timeout, 2, DataSize.ofKilobytes(64)),
                new RedisSettings(server.host(), server.port(), false, null, null, 0, false));
    }

    /** Where the queue of this name keeps a source's checkpoints. */
    public static String checkpointsKey(String name, ProducerId source) {
        return "{" + name + "}:outbox:" + source.outbox() + ":" + source.partition();
    }
}

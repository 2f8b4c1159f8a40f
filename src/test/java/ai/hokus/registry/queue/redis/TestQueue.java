package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import ai.hokus.registry.queue.redis.RedisSettings.Node;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.springframework.util.unit.DataSize;

/** The real queue, put together without Spring, for the tests of other modules. */
public final class TestQueue {

    private TestQueue() {}

    /** The caller closes it. */
    public static RedisMessageQueue on(TestRedis server, String name) {
        Duration timeout = Duration.ofSeconds(2);
        return new RedisMessageQueue(
                new QueueSettings(name, 100_000, 1_000, false, timeout, timeout, 2, DataSize.ofKilobytes(64)),
                redis(server.host(), server.port(), false, null, null, 0, false));
    }

    /** One server, or a node of a cluster. */
    static RedisSettings redis(
            String host, int port, boolean tls, String username, String password, int database, boolean cluster) {
        return new RedisSettings(
                cluster ? Kind.CLUSTER : Kind.SINGLE,
                List.of(new Node(host, port)),
                null,
                tls,
                username,
                password,
                null,
                database,
                RedisTls.of(Map.of()));
    }

    /** Where the queue of this name keeps a source's checkpoints. */
    public static String checkpointsKey(String name, ProducerId source) {
        return "{" + name + "}:outbox:" + source.outbox() + ":" + source.partition();
    }
}

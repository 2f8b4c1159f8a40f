package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueSettings;
import java.time.Duration;
import org.springframework.util.unit.DataSize;

/** The real queue on a Redis of the loopback interface, for benchmarks of other rooms, and its script as text. */
public final class BenchmarkQueue {

    /** Compare-and-append, as the service runs it. */
    public static final String SCRIPT = QueueScripts.APPEND;

    private BenchmarkQueue() {}

    public static RedisMessageQueue open(int port, String name) {
        Duration timeout = Duration.ofSeconds(5);
        return new RedisMessageQueue(
                new QueueSettings(name, 10_000_000, 1000, false, timeout, timeout, 2, DataSize.ofMegabytes(512)),
                new RedisSettings("127.0.0.1", port, false, null, null, 0, false));
    }
}

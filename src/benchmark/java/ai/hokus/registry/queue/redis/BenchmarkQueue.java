package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.support.RedisConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.util.unit.DataSize;

/** The real queue on a Redis of the loopback interface, for benchmarks of other modules, and its script over a plain socket. */
public final class BenchmarkQueue {

    private static final String CAPACITY = "10000000";
    private static final String CHECKPOINTS = "1000";

    private BenchmarkQueue() {}

    public static RedisMessageQueue open(int port, String name) {
        Duration timeout = Duration.ofSeconds(5);
        return new RedisMessageQueue(
                new QueueSettings(name, 10_000_000, 1000, false, timeout, timeout, 2, DataSize.ofMegabytes(512)),
                TestQueue.redis("127.0.0.1", port, false, null, null, 0, false));
    }

    /** Compare-and-append, with the service's script. */
    public static void append(
            RedisConnection connection,
            String queue,
            String checkpointsKey,
            String expected,
            String checkpoint,
            List<String> elements) {
        List<String> words = new ArrayList<>(List.of("EVAL", RedisScripts.APPEND, "3", queue, checkpointsKey));
        words.add(checkpointsKey + ":milestones");
        words.addAll(List.of(expected, checkpoint, CAPACITY, CHECKPOINTS, "0", ""));
        words.add(Integer.toString(elements.size()));
        words.addAll(elements);
        Object answer = ((List<?>) connection.command(words.toArray(String[]::new))).get(0);
        if (!"APPENDED".equals(answer)) {
            throw new IllegalStateException("not appended: " + answer);
        }
    }
}

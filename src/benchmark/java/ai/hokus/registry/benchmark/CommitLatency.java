package ai.hokus.registry.benchmark;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * How long after its commit a message reaches a consumer that waits for it. The time counts from publish's return; a message
 * that arrives before that counts as 0.
 *
 * @param median in milliseconds
 * @param p99 in milliseconds
 */
public record CommitLatency(double median, double p99) {

    public static final int PER_SECOND = 200;

    private static final int TIMEOUT_SECONDS = 30;

    /** One connection to the queue. Confined to the thread that opened it. */
    public interface Consumer extends AutoCloseable {

        /** Takes what has arrived, or waits for up to a second until something does. Empty when nothing did. */
        List<String> take();

        @Override
        void close();
    }

    /** A consumer that takes a list's elements with BRPOP. */
    public static Consumer popping(TestRedis redis, String list) {
        RedisConnection connection = redis.connect();
        return new Consumer() {
            @Override
            public List<String> take() {
                List<String> answer = connection.texts("BRPOP", list, "1");
                return answer.isEmpty() ? answer : answer.subList(1, 2);
            }

            @Override
            public void close() {
                connection.close();
            }
        };
    }

    /** @param warmUp seconds that are not counted, before those that are */
    public static CommitLatency measure(
            NumberedMessages.Publisher outbox, Supplier<Consumer> consumer, int warmUp, int seconds) throws Exception {
        int messages = PER_SECOND * (warmUp + seconds);
        long[] arrived = new long[messages];
        long[] committed;
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            Future<?> consuming = thread.submit(() -> consume(consumer, arrived));
            committed = NumberedMessages.publish(outbox, PER_SECOND, messages);
            consuming.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } finally {
            thread.shutdownNow();
        }
        double[] latencies = new double[PER_SECOND * seconds];
        for (int i = 0; i < latencies.length; i++) {
            int number = PER_SECOND * warmUp + i;
            latencies[i] = Math.max(0, arrived[number] - committed[number]) / 1e6;
        }
        Arrays.sort(latencies);
        return new CommitLatency(percentile(latencies, 50), percentile(latencies, 99));
    }

    private static void consume(Supplier<Consumer> opened, long[] arrived) {
        try (Consumer consumer = opened.get()) {
            for (int count = 0;
                    count < arrived.length && !Thread.currentThread().isInterrupted(); ) {
                List<String> elements = consumer.take();
                long now = System.nanoTime();
                elements.forEach(element -> arrived[NumberedMessages.number(element)] = now);
                count += elements.size();
            }
        }
    }

    private static double percentile(double[] sorted, int percent) {
        return sorted[(int) Math.ceil(sorted.length * percent / 100.0) - 1];
    }
}

package ai.hokus.registry.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Messages of 650 bytes, each with its number, of 1,000 models. The messages of one model are published by one thread, each
 * after the one before is committed: their numbers are their order.
 */
public final class NumberedMessages {

    public static final int THREADS = 4;

    /** {@link #THREADS} divides it. */
    private static final int MODELS = 1000;

    private static final int DIGITS = 8;
    private static final String BEFORE_NUMBER = "{\"number\":\"";
    private static final String AFTER_NUMBER = "\",\"filler\":\"" + "x".repeat(618) + "\"}";

    private NumberedMessages() {}

    /** Called by several threads. */
    public interface Publisher {

        /** One transaction with one message; returns when it is committed. */
        void publish(String model, String payload) throws Exception;
    }

    /**
     * Publishes them at fixed instants: message n is due n periods after the start, however long the ones before took.
     *
     * @return when each was committed, as {@link System#nanoTime}
     */
    public static long[] publish(Publisher outbox, int perSecond, int count) throws Exception {
        return publish(outbox, perSecond, 0, count);
    }

    /** @param first the first one's number */
    static long[] publish(Publisher outbox, int perSecond, int first, int count) throws Exception {
        long[] committed = new long[count];
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> publishers = new ArrayList<>();
            long start = System.nanoTime();
            for (int thread = 0; thread < THREADS; thread++) {
                int offset = thread;
                publishers.add(threads.submit(() -> {
                    for (int i = offset; i < count; i += THREADS) {
                        awaitInstant(start + i * (TimeUnit.SECONDS.toNanos(1) / perSecond));
                        outbox.publish("model-" + (first + i) % MODELS, payload(first + i));
                        committed[i] = System.nanoTime();
                    }
                    return null;
                }));
            }
            for (Future<?> publisher : publishers) {
                publisher.get();
            }
        } finally {
            threads.shutdownNow();
        }
        return committed;
    }

    /**
     * The number of a delivered message.
     *
     * @param element contains its payload, in an envelope or not
     */
    public static int number(String element) {
        int at = element.indexOf(BEFORE_NUMBER) + BEFORE_NUMBER.length();
        return Integer.parseInt(element.substring(at, at + DIGITS));
    }

    private static String payload(int number) {
        return BEFORE_NUMBER + String.format("%0" + DIGITS + "d", number) + AFTER_NUMBER;
    }

    private static void awaitInstant(long due) {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /**
     * What became of messages that were all published.
     *
     * @param misordered arrived first after a later one of their model
     */
    record Delivered(int lost, int doubled, int misordered) {

        /** @param elements of the queue, in its order, of the messages with the numbers from 0 to published - 1 */
        static Delivered of(List<String> elements, int published) {
            boolean[] seen = new boolean[published];
            int[] newestOfModel = new int[MODELS];
            int distinct = 0;
            int misordered = 0;
            for (String element : elements) {
                int number = number(element);
                if (seen[number]) {
                    continue;
                }
                seen[number] = true;
                distinct++;
                int model = number % MODELS;
                if (number < newestOfModel[model]) {
                    misordered++;
                }
                newestOfModel[model] = number;
            }
            return new Delivered(published - distinct, elements.size() - distinct, misordered);
        }
    }
}

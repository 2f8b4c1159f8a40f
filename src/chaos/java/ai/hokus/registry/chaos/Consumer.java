package ai.hokus.registry.chaos;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Pops as the consumers of the wire contract do: BRPOPLPUSH into {@code :processing}, work, LREM. When it lost its
 * connection it first looks after what is left in {@code :processing}. Its own repetition of the one element whose LREM was
 * not answered it recognises; whatever else comes again is on record twice.
 */
final class Consumer implements AutoCloseable {

    private static final Pattern MODEL_ID = Pattern.compile("\"model_id\":\"([^\"]+)\"");
    private static final int MESSAGE_ID = "{\"message_id\":\"".length();

    private final Supplier<TestRedis> primary;
    private final String queue;
    private final String processing;
    private final List<Popped> popped = new ArrayList<>();
    private final Set<String> models = ConcurrentHashMap.newKeySet();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile boolean paused;
    private volatile boolean resting;
    private String unconfirmed;

    /** One element, as it was popped. */
    record Popped(String messageId, String modelId) {}

    Consumer(Supplier<TestRedis> primary, String queue) {
        this.primary = primary;
        this.queue = queue;
        this.processing = queue + ":processing";
        thread = new Thread(this::consume, "consumer");
        thread.setDaemon(true);
        thread.start();
    }

    static String messageId(String element) {
        return element.substring(MESSAGE_ID, MESSAGE_ID + 36);
    }

    static Popped read(String element) {
        Matcher modelId = MODEL_ID.matcher(element);
        if (!modelId.find()) {
            throw new AssertionError("an element without model_id: " + element);
        }
        return new Popped(messageId(element), modelId.group(1));
    }

    /** Everything so far, in the order of popping. */
    List<Popped> popped() {
        synchronized (popped) {
            return List.copyOf(popped);
        }
    }

    /** Whether it has popped the event of this registration. */
    boolean has(String modelId) {
        return models.contains(modelId);
    }

    /** Takes nothing more until {@link #resume}; returns when its hands are empty. */
    void pause() {
        paused = true;
        Await.until("the consumer rests", Duration.ofSeconds(20), () -> resting);
    }

    void resume() {
        paused = false;
    }

    private void consume() {
        while (!stopping) {
            TestRedis server = primary.get();
            try (RedisConnection redis = server.connect()) {
                finishWhatWasLeft(redis);
                while (!stopping && server == primary.get()) {
                    resting = paused;
                    if (paused) {
                        Await.hold(Duration.ofMillis(20));
                    } else {
                        popOne(redis);
                    }
                }
            } catch (UncheckedIOException | IllegalStateException redisIsAway) {
                resting = paused;
                Await.hold(Duration.ofMillis(100));
            }
        }
    }

    private void finishWhatWasLeft(RedisConnection redis) {
        List<String> left = redis.texts("LRANGE", processing, "0", "-1");
        for (int i = left.size() - 1; i >= 0; i--) {
            work(redis, left.get(i));
        }
        unconfirmed = null;
    }

    private void popOne(RedisConnection redis) {
        if (redis.command("BRPOPLPUSH", queue, processing, "1") instanceof String element) {
            work(redis, element);
        }
    }

    private void work(RedisConnection redis, String element) {
        if (!element.equals(unconfirmed)) {
            Popped read = read(element);
            synchronized (popped) {
                popped.add(read);
            }
            models.add(read.modelId());
        }
        unconfirmed = element;
        redis.command("LREM", processing, "1", element);
        unconfirmed = null;
    }

    @Override
    public void close() {
        stopping = true;
        try {
            thread.join(15_000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

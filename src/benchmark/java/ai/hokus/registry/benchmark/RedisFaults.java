package ai.hokus.registry.benchmark;

import ai.hokus.registry.benchmark.NumberedMessages.Delivered;
import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The same failures of one Redis for every outbox, and what became of the messages, which nobody consumes. Confined to one
 * thread.
 */
public final class RedisFaults {

    /** With these, Redis keeps what it has confirmed. */
    public static final String[] SETTINGS = {"appendonly yes", "appendfsync always"};

    static final int PER_SECOND = 200;
    static final int OUTAGE_S = (int) Scale.seconds(30).toSeconds();

    private static final int PER_SECOND_UNDER_LOAD = 1000;
    private static final int KILLS = 5;
    private static final int PHASE_S = (int) Scale.seconds(3).toSeconds();

    /** From Redis being back: twice the longest pause between two tries of any of them, and the time to deliver. */
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(120);

    /** In which an outbox that has something to send again does so: two passes of this project's relay. */
    private static final Duration QUIET = Duration.ofSeconds(3);

    /** A table's rows by the failure. */
    private final Map<String, StringBuilder> rows = new LinkedHashMap<>();

    private TestRedis redis;
    private List<Candidate> candidates = List.of();

    /** By each candidate, since the failure before. */
    private int published;

    /**
     * An outbox that delivers.
     *
     * @param keepsOrder whether it promises the order of a model's messages
     * @param key of its list or stream
     * @param delivered what is in that, the oldest first
     * @param drained whether there is nothing left to deliver, by its own account
     */
    public record Candidate(
            String name,
            boolean keepsOrder,
            NumberedMessages.Publisher publisher,
            String key,
            Supplier<List<String>> delivered,
            BooleanSupplier drained) {

        /** One that pushes to the head of a list. */
        public static Candidate of(DeliveringOutbox outbox, TestRedis redis, String list) {
            return new Candidate(
                    outbox.name(),
                    outbox.keepsOrder(),
                    outbox::publish,
                    list,
                    () -> oldestFirst(redis, list),
                    () -> outbox.pending() == 0);
        }

        private static List<String> oldestFirst(TestRedis redis, String list) {
            try (RedisConnection connection = redis.connect()) {
                List<String> elements = connection.texts("LRANGE", list, "0", "-1");
                Collections.reverse(elements);
                return elements;
            }
        }
    }

    /**
     * All failures, one after the other.
     *
     * @param server started with {@link #SETTINGS}
     * @param outboxes written to at the same time
     * @param outageEnds called before Redis comes back from the first
     */
    public void play(TestRedis server, List<Candidate> outboxes, Runnable outageEnds) throws Exception {
        redis = server;
        candidates = outboxes;
        outage(outageEnds);
        killsUnderLoad();
        fallBack();
    }

    private void outage(Runnable ends) throws Exception {
        publish(PER_SECOND, PHASE_S);
        redis.kill();
        publish(PER_SECOND, OUTAGE_S);
        ends.run();
        redis.restart();
        publish(PER_SECOND, PHASE_S);
        count("killed and away for %d s, at %d messages a second".formatted(OUTAGE_S, PER_SECOND));
    }

    private void killsUnderLoad() throws Exception {
        for (int kill = 0; kill < KILLS; kill++) {
            List<Future<?>> publishing = startPublishing(PER_SECOND_UNDER_LOAD, PHASE_S);
            Await.hold(Duration.ofSeconds(PHASE_S).dividedBy(2));
            redis.kill();
            redis.restart();
            await(publishing);
        }
        count("killed %d times and back at once, at %,d messages a second".formatted(KILLS, PER_SECOND_UNDER_LOAD));
    }

    private void fallBack() throws Exception {
        Path files = Path.of((String) ((List<?>) redis.run("CONFIG", "GET", "dir")).get(1))
                .resolve("appendonlydir");
        Path older = Children.folder("older");
        publish(PER_SECOND, PHASE_S);
        Children.run(List.of("cp", "-a", files.toString(), older.toString()));
        publish(PER_SECOND, PHASE_S);
        redis.kill();
        Children.run(List.of("rm", "-r", files.toString()));
        Children.run(List.of("cp", "-a", older.resolve("appendonlydir").toString(), files.toString()));
        redis.restart();
        publish(PER_SECOND, PHASE_S);
        count("killed, and back with its file of %d s before".formatted(PHASE_S));
    }

    /** Returns when all is committed. */
    private void publish(int perSecond, int seconds) throws Exception {
        await(startPublishing(perSecond, seconds));
    }

    private List<Future<?>> startPublishing(int perSecond, int seconds) {
        int first = published;
        int count = perSecond * seconds;
        published += count;
        ExecutorService threads = Executors.newFixedThreadPool(candidates.size());
        List<Future<?>> publishing = new ArrayList<>();
        for (Candidate candidate : candidates) {
            publishing.add(
                    threads.submit(() -> NumberedMessages.publish(candidate.publisher(), perSecond, first, count)));
        }
        threads.shutdown();
        return publishing;
    }

    private static void await(List<Future<?>> all) throws Exception {
        for (Future<?> one : all) {
            one.get();
        }
    }

    /** Adds a failure's rows once all has arrived, and empties the queues for the next one. */
    private void count(String failure) {
        for (Candidate candidate : candidates) {
            Delivered delivered = Delivered.of(atTheEnd(candidate), published);
            rows.computeIfAbsent(failure, unused -> new StringBuilder())
                    .append("| %s | %s | %,d | %,d | %,d | %s |%n"
                            .formatted(
                                    failure,
                                    candidate.name(),
                                    published,
                                    delivered.lost(),
                                    delivered.doubled(),
                                    candidate.keepsOrder() ? "%,d".formatted(delivered.misordered()) : "not promised"));
        }
        candidates.forEach(candidate -> redis.run("DEL", candidate.key()));
        published = 0;
    }

    /** What it has delivered when it has nothing left to deliver and adds nothing any more, or when its time is over. */
    private static List<String> atTheEnd(Candidate candidate) {
        long deadline = System.nanoTime() + DELIVERY_TIMEOUT.toNanos();
        List<String> elements = candidate.delivered().get();
        int before;
        do {
            before = elements.size();
            Await.hold(QUIET);
            elements = candidate.delivered().get();
        } while (System.nanoTime() < deadline
                && (elements.size() > before || !candidate.drained().getAsBoolean()));
        return elements;
    }

    /** Whether the newest message of the failure being played is among these. */
    boolean hasLast(List<String> elements) {
        return elements.stream().anyMatch(element -> NumberedMessages.number(element) == published - 1);
    }

    public String table() {
        return "| Redis | outbox | published | lost | doubled | out of their model's order |\n|---|---|---|---|---|---|\n"
                + String.join("", rows.values());
    }

    /** For below a table. */
    public static String settings() {
        return "Redis with `appendfsync always`. Lost: not delivered %d s after Redis was back."
                .formatted(DELIVERY_TIMEOUT.toSeconds());
    }
}

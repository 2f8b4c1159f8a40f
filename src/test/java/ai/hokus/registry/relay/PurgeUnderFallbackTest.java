package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.redis.RedisMessageQueue;
import ai.hokus.registry.queue.redis.TestQueue;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Retention at work while two relays run and a real Redis falls back again and again: what is purged is never what a
 * relay still needs. Nobody consumes, so in the end every message is in the queue.
 */
class PurgeUnderFallbackTest {

    private static final Duration RETENTION = Duration.ofSeconds(3);
    private static final Duration MAX_STATE_AGE = Duration.ofMillis(500);
    private static final int PROGRESS = 30;
    private static final int FALLBACKS = 12;
    private static final int PURGED = 200;
    private static final Duration TIMEOUT = Duration.ofSeconds(40);
    private static final int BATCH = 5;

    /** KEYS: the queue, the checkpoints. ARGV: how many elements, the elements, the checkpoints; each from the left. */
    private static final String FALL_BACK = """
            redis.call('DEL', KEYS[1], KEYS[2])
            for i = 2, #ARGV do
              redis.call('RPUSH', i <= ARGV[1] + 1 and KEYS[1] or KEYS[2], ARGV[i])
            end
            """;

    private final TestRedis redis = TestRedis.shared();
    private final String name = TestRedis.freshName("purged");
    private final Queue<UUID> committed = new ConcurrentLinkedQueue<>();
    private final AtomicLong purged = new AtomicLong();
    private final AtomicBoolean stopped = new AtomicBoolean();

    @Test
    void what_is_purged_while_redis_falls_back_is_never_what_a_relay_still_needs() throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try (HikariDataSource database = TestDatabase.POSTGRESQL.newMigrated(1);
                RedisMessageQueue queue = TestQueue.on(redis, name)) {
            TestOutbox outbox = TestOutbox.on(database, Duration.ofHours(1));
            ProducerId producer = new TestPass(outbox, BATCH).producer();
            List<Future<?>> work = List.of(
                    threads.submit(() -> relay(outbox, queue)),
                    threads.submit(() -> relay(outbox, queue)),
                    threads.submit(() -> register(outbox)),
                    threads.submit(() -> purge(outbox)));
            int fallbacks = fallBackAgainAndAgain(producer);
            stopped.set(true);
            for (Future<?> each : work) {
                each.get();
            }

            assertThat(new TestPass(outbox, BATCH).run(queue)).isEqualTo(RelayState.IDLE);

            assertThat(inQueue()).containsAll(committed);
            assertThat(fallbacks).isGreaterThanOrEqualTo(FALLBACKS);
            assertThat(purged).hasValueGreaterThanOrEqualTo(PURGED);
            assertThat(outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Long.class))
                    .isPositive();
        } finally {
            stopped.set(true);
            threads.shutdownNow();
            redis.run("DEL", name);
        }
    }

    /** To states that are younger than retention: more is not promised. */
    private int fallBackAgainAndAgain(ProducerId producer) {
        String checkpoints = TestQueue.checkpointsKey(name, producer);
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        int fallbacks = 0;
        try (RedisConnection connection = redis.connect()) {
            while ((fallbacks < FALLBACKS || purged.get() < PURGED) && System.nanoTime() < deadline) {
                long start = System.nanoTime();
                connection.command("MULTI");
                connection.command("LRANGE", name, "0", "-1");
                connection.command("LRANGE", checkpoints, "0", "-1");
                List<?> state = (List<?>) connection.command("EXEC");
                int depth = ((List<?>) state.get(0)).size();
                awaitDepth(connection, depth + PROGRESS); // which the queue then forgets
                if (System.nanoTime() - start < MAX_STATE_AGE.toNanos()) {
                    connection.command(fallBack(checkpoints, (List<?>) state.get(0), (List<?>) state.get(1)));
                    fallbacks++;
                }
                awaitDepth(connection, depth + 2 * PROGRESS); // sent again, and gone on
            }
        }
        return fallbacks;
    }

    private void awaitDepth(RedisConnection connection, long elements) {
        Eventually.await("the queue grows", () -> (Long) connection.command("LLEN", name) >= elements);
    }

    private String[] fallBack(String checkpoints, List<?> elements, List<?> newestFirst) {
        List<String> words = new ArrayList<>(List.of("EVAL", FALL_BACK, "2", name, checkpoints));
        words.add(Integer.toString(elements.size()));
        elements.forEach(element -> words.add((String) element));
        newestFirst.forEach(checkpoint -> words.add((String) checkpoint));
        return words.toArray(String[]::new);
    }

    private void relay(TestOutbox outbox, RedisMessageQueue queue) {
        TestPass passes = new TestPass(outbox, BATCH);
        while (!stopped.get()) {
            try {
                passes.run(queue);
            } catch (QueueUnavailableException slow) {
                // The next pass finds out.
            }
        }
    }

    private void register(TestOutbox outbox) {
        for (int n = 0; !stopped.get(); n++) {
            committed.add(outbox.append("model-" + n % 5));
            LockSupport.parkNanos(1_000_000); // some hundred a second are enough
        }
    }

    private void purge(TestOutbox outbox) {
        while (!stopped.get()) {
            purged.addAndGet(outbox.purge().purge(List.of(0), RETENTION, 7, Duration.ofMillis(200)));
        }
    }

    private List<UUID> inQueue() {
        try (RedisConnection connection = redis.connect()) {
            return connection.texts("LRANGE", name, "0", "-1").stream()
                    .map(element -> UUID.fromString(element.substring(15, 51)))
                    .toList();
        }
    }
}

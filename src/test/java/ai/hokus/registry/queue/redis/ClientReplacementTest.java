package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Clients that lead to different servers stand for one address that leads to different ones in the course of time. */
class ClientReplacementTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final QueueSettings SETTINGS = new QueueSettings(
            TestRedis.freshName("watchdog"), 100, 10, false, TIMEOUT, TIMEOUT, 1, DataSize.ofMegabytes(1));

    private final AtomicLong nanos = new AtomicLong(System.nanoTime());
    private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger attempts = new AtomicInteger();
    private final List<AutoCloseable> toClose = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    /** The first client leads to a port where nobody listens, as one that lost its way does; the next one is right. */
    @Test
    void a_client_that_does_not_recover_is_replaced_when_redis_answers_a_new_one() {
        RedisMessageQueue queue =
                queue(this::attempt, TestRedis.freePort(), TestRedis.shared().port());
        failUntilSuspicious(queue);

        Eventually.await("the client is replaced", () -> answers(queue));
    }

    @Test
    void a_thread_that_cannot_be_started_changes_no_calls_outcome_and_is_asked_for_again() {
        Executor exhaustedOnce = task -> {
            if (attempts.incrementAndGet() == 1) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            new Thread(task).start();
        };
        RedisMessageQueue queue =
                queue(exhaustedOnce, TestRedis.freePort(), TestRedis.shared().port());
        failUntilSuspicious(queue);
        assertThat(attempts).hasValue(1);

        pass(Duration.ofSeconds(15));
        Eventually.await("the client is replaced", () -> answers(queue));
    }

    @Test
    void a_call_on_a_client_that_was_just_replaced_says_so() {
        RedisClient replaced = client(TestRedis.freePort());
        replaced.shutdown(TIMEOUT).join();

        assertThat(replaced.run(QueueScripts.PING, List.of("q"), List.of()))
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("replaced by a new one; nothing was sent");
    }

    /** @param ports of the clients, one after the other; the last one is that of all further ones */
    private RedisMessageQueue queue(Executor attempts, Integer... ports) {
        Deque<Integer> left = new ArrayDeque<>(Arrays.asList(ports));
        RedisClients clients = new RedisClients(
                SETTINGS,
                new RedisErrorClassifier("redis", Kind.SINGLE),
                () -> {
                    made.incrementAndGet();
                    return client(left.size() > 1 ? left.remove() : left.element());
                },
                nanos::get,
                attempts);
        RedisMessageQueue queue = new RedisMessageQueue(SETTINGS, clients);
        toClose.add(0, queue);
        return queue;
    }

    private static RedisClient client(int port) {
        return new RedisClient(SETTINGS, TestQueue.redis("127.0.0.1", port, false, null, null, 0, false));
    }

    private void attempt(Runnable task) {
        new Thread(() -> {
                    task.run();
                    attempts.incrementAndGet();
                })
                .start();
    }

    private void failUntilSuspicious(RedisMessageQueue queue) {
        for (int n = 0; n < 3; n++) {
            assertThatThrownBy(() -> queue.newestCheckpoint(source)).isInstanceOf(QueueUnavailableException.class);
            pass(Duration.ofSeconds(6));
        }
    }

    private boolean answers(RedisMessageQueue queue) {
        try {
            queue.newestCheckpoint(source);
            return true;
        } catch (QueueUnavailableException notYet) {
            return false;
        }
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}

package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.ConsumerList;
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
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
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
    private final Queue<Thread> threads = new ConcurrentLinkedQueue<>();
    private final List<AutoCloseable> toClose = new ArrayList<>();

    /** An attempt that is under way may log something, which is no other test's. */
    @AfterEach
    void close() throws Exception {
        for (Thread thread : threads) {
            thread.join();
        }
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

        awaitAnswer(() -> queue.newestCheckpoint(source));
    }

    /** As a proxy or a virtual IP leaves it: REPLICAOF closes no connection. The second one does not even read. */
    @ParameterizedTest
    @ValueSource(strings = {"replica-serve-stale-data yes", "replica-serve-stale-data no"})
    void a_client_whose_connections_stay_with_a_demoted_node_is_replaced(String config) {
        TestRedis demoted = start(config);
        demote(demoted);
        RedisMessageQueue queue =
                queue(this::attempt, demoted.port(), TestRedis.shared().port());
        failUntilSuspicious(queue);

        awaitAnswer(() -> queue.newestCheckpoint(source));
    }

    /** What the old node still has is not shown, and what the new one has is put back there. */
    @ParameterizedTest
    @ValueSource(strings = {"replica-serve-stale-data yes", "replica-serve-stale-data no"})
    void so_is_that_of_the_consumers_lists_which_then_shows_and_puts_back_what_the_new_node_has(String config) {
        TestRedis demoted = start(config);
        demote(demoted);
        TestRedis primary = start();
        primary.run("LPUSH", ConsumerList.DLQ.key(SETTINGS.name()), "m");
        RedisConsumerLists lists = lists(demoted.port(), primary.port());
        failUntilSuspicious(lists::queueDepth);

        awaitAnswer(() -> lists.snapshot(List.of(source)));
        assertThat(lists.snapshot(List.of()).dlq().oldestFirst()).containsExactly("m");
        assertThat(lists.putBack(ConsumerList.DLQ, List.of("m"), List.of("m"))).isEqualTo(1);
        assertThat(primary.run("LLEN", SETTINGS.name())).isEqualTo(1L);
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void a_read_only_redis_is_tried_again_without_a_word_until_it_is_promoted(CapturedOutput output) {
        TestRedis replica = start();
        demote(replica);
        RedisMessageQueue queue = queue(this::attempt, replica.port());
        failUntilSuspicious(queue);
        awaitAttempts(1);
        pass(Duration.ofSeconds(15));
        assertThat(answers(() -> queue.newestCheckpoint(source))).isFalse();
        awaitAttempts(2);

        replica.run("REPLICAOF", "NO", "ONE");

        assertThat(answers(() -> queue.newestCheckpoint(source))).isTrue();
        assertThat(made).as("clients").hasValue(3);
        assertThat(output.getAll()).doesNotContain("Redis at");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void a_failure_that_a_new_client_has_too_replaces_nothing(CapturedOutput output) {
        RedisMessageQueue queue =
                queue(this::attempt, start("rename-command LTRIM \"\"").port());
        failUntilSuspicious(queue);

        awaitAttempts(1);
        assertThat(output.getAll()).doesNotContain("Redis at");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void nor_does_one_of_the_consumers_lists(CapturedOutput output) {
        RedisConsumerLists lists = lists(start("rename-command LINDEX \"\"").port());
        failUntilSuspicious(() -> lists.snapshot(List.of(source)));

        awaitAttempts(1);
        assertThat(output.getAll()).doesNotContain("Redis at");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void what_a_replica_does_not_put_back_is_put_back_by_the_primary_only(CapturedOutput output) {
        TestRedis replica = start();
        replica.run("LPUSH", ConsumerList.DLQ.key(SETTINGS.name()), "m");
        demote(replica);
        RedisConsumerLists lists = lists(replica.port());
        failUntilSuspicious(() -> {
            lists.snapshot(List.of(source)); // as the sampler does, and each put-back
            lists.putBack(ConsumerList.DLQ, List.of("m"), List.of("m"));
        });
        awaitAttempts(1);
        assertThat(output.getAll()).doesNotContain("Redis at");

        replica.run("REPLICAOF", "NO", "ONE");

        assertThat(lists.putBack(ConsumerList.DLQ, List.of("m"), List.of("m"))).isEqualTo(1);
    }

    @Test
    void a_thread_that_cannot_be_started_changes_no_calls_outcome_and_is_asked_for_again() {
        Executor exhaustedOnce = task -> {
            if (attempts.incrementAndGet() == 1) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            start(task);
        };
        RedisMessageQueue queue =
                queue(exhaustedOnce, TestRedis.freePort(), TestRedis.shared().port());
        failUntilSuspicious(queue);
        assertThat(attempts).hasValue(1);

        awaitAnswer(() -> queue.newestCheckpoint(source));
    }

    @Test
    void a_call_on_a_client_that_was_just_replaced_says_so() {
        RedisClient replaced = client(TestRedis.freePort());
        replaced.shutdown(TIMEOUT).join();

        assertThat(replaced.run(new ScriptCall(RedisScripts.PING, List.of("q"), List.of())))
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("replaced by a new one; nothing was sent");
    }

    /** @param ports of the clients, one after the other; the last one is that of all further ones */
    private RedisMessageQueue queue(Executor attempts, Integer... ports) {
        RedisMessageQueue queue = new RedisMessageQueue(SETTINGS, clients(attempts, ports));
        toClose.add(0, queue);
        return queue;
    }

    private RedisConsumerLists lists(Integer... ports) {
        RedisConsumerLists lists = new RedisConsumerLists(SETTINGS, clients(this::attempt, ports), true);
        toClose.add(0, lists);
        return lists;
    }

    private RedisClients clients(Executor attempts, Integer... ports) {
        Deque<Integer> left = new ArrayDeque<>(Arrays.asList(ports));
        return new RedisClients(
                SETTINGS,
                new RedisErrorClassifier("redis", Kind.SINGLE),
                () -> {
                    made.incrementAndGet();
                    return client(left.size() > 1 ? left.remove() : left.element());
                },
                nanos::get,
                attempts);
    }

    private TestRedis start(String... config) {
        TestRedis server = TestRedis.start(config);
        toClose.add(server);
        return server;
    }

    /** Of a primary that is not there. */
    private static void demote(TestRedis server) {
        server.run("REPLICAOF", "127.0.0.1", Integer.toString(TestRedis.freePort()));
    }

    private static RedisClient client(int port) {
        return new RedisClient(SETTINGS, TestQueue.redis("127.0.0.1", port, false, null, null, 0, false));
    }

    private void attempt(Runnable task) {
        start(() -> {
            task.run();
            attempts.incrementAndGet();
        });
    }

    private void start(Runnable task) {
        Thread thread = new Thread(task);
        thread.start();
        threads.add(thread);
    }

    private void awaitAttempts(int count) {
        Eventually.await(count + " attempts", () -> attempts.get() >= count);
    }

    private void failUntilSuspicious(RedisMessageQueue queue) {
        failUntilSuspicious(() -> queue.newestCheckpoint(source));
    }

    private void failUntilSuspicious(ThrowingCallable call) {
        for (int n = 0; n < 3; n++) {
            assertThatThrownBy(call).isInstanceOf(QueueUnavailableException.class);
            pass(Duration.ofSeconds(6));
        }
    }

    /** On a slow machine the first attempts to replace the client may fail too; each call after 15 s begins another. */
    private void awaitAnswer(Runnable call) {
        Eventually.await("the client is replaced", () -> {
            boolean answered = answers(call);
            pass(Duration.ofSeconds(15));
            return answered;
        });
    }

    private static boolean answers(Runnable call) {
        try {
            call.run();
            return true;
        } catch (QueueUnavailableException notYet) {
            return false;
        }
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}

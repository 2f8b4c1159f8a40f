package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class ClientWatchdogTest {

    private final AtomicLong nanos = new AtomicLong(System.nanoTime());
    private final ClientWatchdog watchdog = new ClientWatchdog(nanos::get);

    @Test
    void a_few_failures_or_a_short_outage_are_not_suspicious() {
        assertThat(watchdog.failed(Cause.TIMEOUT)).isFalse();
        pass(Duration.ofSeconds(20));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isFalse();
        watchdog.succeeded();
        for (int n = 0; n < 10; n++) {
            pass(Duration.ofMillis(900));
            assertThat(watchdog.failed(Cause.UNREACHABLE)).isFalse();
        }
    }

    @Test
    void failures_that_go_on_are_and_a_new_client_is_tried_now_and_then() {
        watchdog.failed(Cause.TIMEOUT);
        pass(Duration.ofSeconds(5));
        watchdog.failed(Cause.UNREACHABLE);

        pass(Duration.ofSeconds(5));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isTrue();
        pass(Duration.ofSeconds(14));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isFalse();
        pass(Duration.ofSeconds(1));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isTrue();
    }

    @Test
    void a_redis_that_says_no_itself_was_found() {
        watchdog.failed(Cause.TIMEOUT);
        pass(Duration.ofSeconds(5));
        watchdog.failed(Cause.TIMEOUT);

        pass(Duration.ofSeconds(5));
        assertThat(watchdog.failed(Cause.READ_ONLY)).isFalse();
        pass(Duration.ofSeconds(1));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isFalse();
    }

    @Test
    void the_first_success_and_one_after_failures_are_news() {
        watchdog.failed(Cause.READ_ONLY);
        assertThat(watchdog.succeeded()).isTrue();
        assertThat(watchdog.succeeded()).isFalse();
        watchdog.failed(Cause.TIMEOUT);
        assertThat(watchdog.succeeded()).isTrue();
        assertThat(watchdog.succeeded()).isFalse();
    }

    /** The nanosecond clock may begin anywhere, and goes past the largest long. */
    @Test
    void waits_hold_where_the_clock_overflows() {
        nanos.set(Long.MAX_VALUE - Duration.ofSeconds(4).toNanos());
        failures_that_go_on_are_and_a_new_client_is_tried_now_and_then();
    }

    /** The first client leads to a port where nobody listens, as one that lost its way does; the next one is right. */
    @Test
    void a_client_that_does_not_recover_is_replaced_when_redis_answers_a_new_one() {
        TestRedis redis = TestRedis.shared();
        QueueSettings settings = new QueueSettings(
                TestRedis.freshName("watchdog"),
                100,
                10,
                false,
                Duration.ofSeconds(2),
                Duration.ofSeconds(2),
                1,
                DataSize.ofMegabytes(1));
        Iterator<Integer> ports =
                List.of(TestRedis.freePort(), redis.port(), redis.port()).iterator();
        RedisErrorClassifier errors = new RedisErrorClassifier("redis", Kind.SINGLE);
        ProducerId source = new ProducerId(UUID.randomUUID(), 0);
        RedisClients clients = new RedisClients(
                settings,
                errors,
                () -> new RedisClient(
                        settings, TestQueue.redis(redis.host(), ports.next(), false, null, null, 0, false)),
                nanos::get);
        try (RedisMessageQueue queue = new RedisMessageQueue(settings, clients)) {
            for (int n = 0; n < 3; n++) {
                assertThatThrownBy(() -> queue.newestCheckpoint(source)).isInstanceOf(QueueUnavailableException.class);
                pass(Duration.ofSeconds(6));
            }

            Eventually.await("the client is replaced", () -> answers(queue, source));
        }
    }

    @Test
    void a_call_on_a_client_that_was_just_replaced_says_so() {
        QueueSettings settings = new QueueSettings(
                "q", 1, 1, false, Duration.ofSeconds(2), Duration.ofSeconds(2), 1, DataSize.ofMegabytes(1));
        RedisClient replaced = new RedisClient(
                settings, TestQueue.redis("127.0.0.1", TestRedis.freePort(), false, null, null, 0, false));
        replaced.shutdown(Duration.ofSeconds(2)).join();

        assertThat(replaced.run(QueueScripts.PING, List.of("q"), List.of()))
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withMessageContaining("replaced by a new one; nothing was sent");
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static boolean answers(RedisMessageQueue queue, ProducerId source) {
        try {
            queue.newestCheckpoint(source);
            return true;
        } catch (QueueUnavailableException notYet) {
            return false;
        }
    }
}

package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestRedis;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.util.unit.DataSize;

class ClientWatchdogTest {

    private static final Instant START = Instant.parse("2026-11-23T12:00:00Z");

    private final ClientWatchdog watchdog = new ClientWatchdog();

    @Test
    void a_few_failures_or_a_short_outage_are_not_suspicious() {
        assertThat(watchdog.failed(Cause.TIMEOUT, START)).isFalse();
        assertThat(watchdog.failed(Cause.TIMEOUT, START.plusSeconds(20))).isFalse();
        watchdog.succeeded();
        for (int n = 0; n < 10; n++) {
            assertThat(watchdog.failed(Cause.UNREACHABLE, START.plusSeconds(30).plusMillis(n * 900)))
                    .isFalse();
        }
    }

    @Test
    void failures_that_go_on_are_and_a_new_client_is_tried_now_and_then() {
        watchdog.failed(Cause.TIMEOUT, START);
        watchdog.failed(Cause.UNREACHABLE, START.plusSeconds(5));

        assertThat(watchdog.failed(Cause.TIMEOUT, START.plusSeconds(10))).isTrue();
        assertThat(watchdog.failed(Cause.TIMEOUT, START.plusSeconds(24))).isFalse();
        assertThat(watchdog.failed(Cause.TIMEOUT, START.plusSeconds(25))).isTrue();
    }

    @Test
    void a_redis_that_says_no_itself_was_found() {
        watchdog.failed(Cause.TIMEOUT, START);
        watchdog.failed(Cause.TIMEOUT, START.plusSeconds(5));

        assertThat(watchdog.failed(Cause.READ_ONLY, START.plusSeconds(10))).isFalse();
        assertThat(watchdog.failed(Cause.TIMEOUT, START.plusSeconds(11))).isFalse();
    }

    @Test
    void a_success_after_failures_is_a_recovery() {
        assertThat(watchdog.succeeded()).isFalse();
        watchdog.failed(Cause.TIMEOUT, START);
        assertThat(watchdog.succeeded()).isTrue();
        assertThat(watchdog.succeeded()).isFalse();
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
        Iterator<String> urls = List.of("redis://127.0.0.1:" + TestRedis.freePort(), redis.url(), redis.url())
                .iterator();
        SteppingClock clock = new SteppingClock();
        ProducerId source = new ProducerId(UUID.randomUUID(), 0);
        try (RedisMessageQueue queue = new RedisMessageQueue(
                settings, "redis", () -> new RedisClient(settings, settingsOf(urls.next())), clock)) {
            for (int n = 0; n < 3; n++) {
                assertThatThrownBy(() -> queue.newestCheckpoint(source)).isInstanceOf(QueueUnavailableException.class);
                clock.now = clock.now.plusSeconds(6);
            }

            Eventually.await("the client is replaced", () -> answers(queue, source));
        }
    }

    private static boolean answers(RedisMessageQueue queue, ProducerId source) {
        try {
            queue.newestCheckpoint(source);
            return true;
        } catch (QueueUnavailableException notYet) {
            return false;
        }
    }

    private static RedisSettings settingsOf(String url) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().addFirst(new MapPropertySource("test", Map.of("REDIS_URL", url)));
        return RedisSettings.from(environment).orElseThrow();
    }

    private static final class SteppingClock extends Clock {

        private volatile Instant now = START;

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new AssertionError("nobody asks for zones");
        }
    }
}

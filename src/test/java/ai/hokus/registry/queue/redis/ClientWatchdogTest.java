package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

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
        assertThat(watchdog.failed(Cause.WRONG_TYPE)).isFalse();
        pass(Duration.ofSeconds(1));
        assertThat(watchdog.failed(Cause.TIMEOUT)).isFalse();
    }

    @Test
    void a_node_that_takes_no_writes_may_not_be_the_one_to_which_the_address_leads() {
        watchdog.failed(Cause.NOT_READY);
        pass(Duration.ofSeconds(5));
        watchdog.failed(Cause.READ_ONLY);

        pass(Duration.ofSeconds(5));
        assertThat(watchdog.failed(Cause.READ_ONLY)).isTrue();
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

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}

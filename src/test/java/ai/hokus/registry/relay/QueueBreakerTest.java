package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.SettableClock;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every transition of the breaker. */
class QueueBreakerTest {

    private static final QueueUnavailableException AWAY =
            new QueueUnavailableException(QueueUnavailableException.Cause.UNREACHABLE, "away", null);

    private static final Duration FIRST_WAIT = Duration.ofMillis(500);
    private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);
    private static final double JITTER = 0.2;
    private static final Duration NEVER = Duration.ofDays(1);

    private final SettableClock clock = new SettableClock();
    private final QueueBreaker breaker = new QueueBreaker(FIRST_WAIT, MAX_BACKOFF, NEVER, clock);

    @Test
    void one_failure_leaves_it_closed() {
        fail(breaker);

        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
        assertThat(breaker.untilNextTry()).isZero();
        assertThat(breaker.tryAcquire()).isTrue();
    }

    @Test
    void two_failures_in_a_row_open_it() {
        open();

        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
        assertThat(breaker.tryAcquire()).isFalse();
    }

    @Test
    void a_success_between_two_failures_keeps_it_closed() {
        fail(breaker);
        succeed();
        fail(breaker);

        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void while_it_is_open_nothing_gets_through_until_the_wait_is_over() {
        open();

        clock.advance(breaker.untilNextTry().minusMillis(1));
        assertThat(breaker.tryAcquire()).isFalse();
        assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);

        clock.advance(breaker.untilNextTry());
        assertThat(breaker.untilNextTry()).isZero();
        assertThat(breaker.tryAcquire()).as("at the very moment that was named").isTrue();
        assertThat(breaker.state()).isEqualTo(BreakerState.HALF_OPEN);
    }

    @Test
    void half_open_it_lets_exactly_one_through() {
        halfOpen();

        assertThat(breaker.tryAcquire()).isFalse();
        assertThat(breaker.tryAcquire()).isFalse();
    }

    @Test
    void a_trial_that_succeeds_closes_it_and_the_next_outage_starts_with_the_first_wait() {
        halfOpen();
        breaker.succeeded();

        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
        assertThat(breaker.untilNextTry()).isZero();

        open();
        assertThat(breaker.untilNextTry()).isBetween(times(FIRST_WAIT, 1 - JITTER), FIRST_WAIT.plusMillis(2));
    }

    @Test
    void every_trial_that_fails_doubles_the_wait_less_the_jitter_up_to_the_limit() {
        open();
        Duration expected = FIRST_WAIT;
        for (int trial = 0; trial < 20; trial++) {
            Duration wait = breaker.untilNextTry();
            assertThat(wait)
                    .as("wait %s", trial)
                    .isBetween(times(expected, 1 - JITTER).minusMillis(1), expected.plusMillis(2));
            expected = shorter(expected.multipliedBy(2), MAX_BACKOFF);
            clock.advance(wait);
            assertThat(breaker.tryAcquire()).isTrue();
            breaker.failed(AWAY);
            assertThat(breaker.state()).isEqualTo(BreakerState.OPEN);
        }
    }

    @Test
    void waits_are_jittered_so_that_instances_do_not_try_together() {
        long different = IntStream.range(0, 20)
                .mapToObj(instance -> {
                    QueueBreaker other = new QueueBreaker(MAX_BACKOFF, MAX_BACKOFF, NEVER, clock);
                    fail(other);
                    fail(other);
                    return other.untilNextTry();
                })
                .distinct()
                .count();

        assertThat(different).isGreaterThan(1);
    }

    @Test
    void a_trial_that_says_nothing_about_the_queue_makes_room_for_another() {
        halfOpen();
        breaker.released();

        assertThat(breaker.state()).isEqualTo(BreakerState.HALF_OPEN);
        assertThat(breaker.tryAcquire()).isTrue();
        assertThat(breaker.tryAcquire()).isFalse();
    }

    @Test
    void passes_that_say_nothing_about_the_queue_do_not_open_it() {
        for (int pass = 0; pass < 5; pass++) {
            assertThat(breaker.tryAcquire()).isTrue();
            breaker.released();
        }
        fail(breaker);

        assertThat(breaker.state()).isEqualTo(BreakerState.CLOSED);
    }

    /** The library measures this one by the machine's clock. */
    @Test
    void a_trial_that_never_ends_is_taken_for_failed() {
        QueueBreaker impatient = new QueueBreaker(FIRST_WAIT, MAX_BACKOFF, Duration.ofMillis(20), clock);
        fail(impatient);
        fail(impatient);
        clock.advance(impatient.untilNextTry());
        assertThat(impatient.tryAcquire()).isTrue();

        Eventually.await("open again", () -> impatient.state() == BreakerState.OPEN);

        assertThat(impatient.tryAcquire()).isFalse();
        assertThat(impatient.untilNextTry()).isGreaterThan(times(FIRST_WAIT, 1 + JITTER));
    }

    private void open() {
        fail(breaker);
        fail(breaker);
    }

    private void halfOpen() {
        open();
        clock.advance(breaker.untilNextTry().plusMillis(1));
        assertThat(breaker.tryAcquire()).isTrue();
        assertThat(breaker.state()).isEqualTo(BreakerState.HALF_OPEN);
    }

    private void succeed() {
        assertThat(breaker.tryAcquire()).isTrue();
        breaker.succeeded();
    }

    private static void fail(QueueBreaker breaker) {
        assertThat(breaker.tryAcquire()).isTrue();
        breaker.failed(AWAY);
    }

    private static Duration times(Duration duration, double factor) {
        return Duration.ofMillis(Math.round(duration.toMillis() * factor));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}

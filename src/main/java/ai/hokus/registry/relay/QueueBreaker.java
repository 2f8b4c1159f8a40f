package ai.hokus.registry.relay;

import ai.hokus.registry.queue.QueueUnavailableException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Leaves the queue alone while it is away. One per instance, shared by its partitions.
 *
 * <p>Two failures in a row open it. It then lets one pass try after a wait that doubles with every failure, up to a limit, and
 * is up to 20 % shorter by chance, so that instances do not try together. To the breaker, a whole pass is one call. Thread-safe.
 */
final class QueueBreaker {

    private static final int FAILURES_TO_OPEN = 2;
    private static final double JITTER = 0.2;

    private final CircuitBreaker breaker;
    private final Clock clock;
    private volatile Instant nextTry = Instant.MIN;
    private volatile String lastFailure = "";

    /** @param trialTimeout a trial that has not ended by then counts as failed */
    QueueBreaker(Duration initialBackoff, Duration maxBackoff, Duration trialTimeout, Clock clock) {
        this.clock = clock;
        IntervalFunction waits =
                IntervalFunction.ofExponentialBackoff(initialBackoff.toMillis(), 2.0, maxBackoff.toMillis());
        this.breaker = CircuitBreaker.of(
                "queue",
                CircuitBreakerConfig.custom()
                        .slidingWindow(
                                FAILURES_TO_OPEN, FAILURES_TO_OPEN, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                        .failureRateThreshold(100)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .maxWaitDurationInHalfOpenState(trialTimeout)
                        .waitIntervalFunctionInOpenState(attempt -> wait(waits, attempt))
                        .clock(clock)
                        .build());
    }

    /** Whether a pass may begin; true must be followed by exactly one of the methods below. */
    boolean tryAcquire() {
        return breaker.tryAcquirePermission();
    }

    /** The queue answered, as often as the pass asked it. */
    void succeeded() {
        breaker.onSuccess(0, TimeUnit.NANOSECONDS);
    }

    void failed(QueueUnavailableException why) {
        lastFailure = why.kind() + ": " + why.getMessage();
        breaker.onError(0, TimeUnit.NANOSECONDS, why);
    }

    /** The pass said nothing about the queue. */
    void released() {
        breaker.releasePermission();
    }

    /** Of the last pass that failed; empty: none did. */
    String lastFailure() {
        return lastFailure;
    }

    BreakerState state() {
        return switch (breaker.getState()) {
            case OPEN, FORCED_OPEN -> BreakerState.OPEN;
            case HALF_OPEN -> BreakerState.HALF_OPEN;
            case CLOSED, DISABLED, METRICS_ONLY -> BreakerState.CLOSED;
        };
    }

    /** How long until an open breaker lets a pass try; zero when it is not open or the wait is over. */
    Duration untilNextTry() {
        Duration left = state() == BreakerState.OPEN ? Duration.between(clock.instant(), nextTry) : Duration.ZERO;
        return left.isNegative() ? Duration.ZERO : left;
    }

    private long wait(IntervalFunction waits, int attempt) {
        // The library applies its own jitter before its limit, so there would be none at the limit.
        long wait = (long) (waits.apply(attempt)
                * (1 - JITTER * ThreadLocalRandom.current().nextDouble()));
        // The library reads the clock slightly later. A pass that came exactly at the end of the wait would be turned
        // away, and would be back a whole interval later.
        nextTry = clock.instant().plusMillis(wait + 1);
        return wait;
    }
}

package ai.hokus.registry.relay;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Leaves the queue alone while it is away. One per instance, shared by its partitions.
 *
 * <p>Two failures in a row open it. It then lets one pass try after a wait that doubles with every failure, up to a limit,
 * ±20 % so that instances do not try together. A pass is one call to it, whatever it did.
 *
 * <p>Thread-safe.
 */
final class QueueBreaker {

    private static final int FAILURES_TO_OPEN = 2;
    private static final double JITTER = 0.2;

    private final CircuitBreaker breaker;
    private final Clock clock;
    private final AtomicReference<Instant> nextTry = new AtomicReference<>(Instant.MIN);

    /**
     * @param longestTrial a trial that has not ended by then is taken for failed
     */
    QueueBreaker(Duration firstWait, Duration longestWait, Duration longestTrial, Clock clock) {
        this.clock = clock;
        IntervalFunction waits =
                IntervalFunction.ofExponentialRandomBackoff(firstWait.toMillis(), 2.0, JITTER, longestWait.toMillis());
        this.breaker = CircuitBreaker.of(
                "queue",
                CircuitBreakerConfig.custom()
                        .slidingWindow(
                                FAILURES_TO_OPEN, FAILURES_TO_OPEN, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                        .failureRateThreshold(100)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .maxWaitDurationInHalfOpenState(longestTrial)
                        .waitIntervalFunctionInOpenState(attempt -> wait(waits, attempt))
                        .clock(clock)
                        .build());
    }

    /** Whether a pass may begin; true must be followed by exactly one of the methods below. */
    boolean tryAcquire() {
        return breaker.tryAcquirePermission();
    }

    /** Whether the pass that was just permitted is to find out whether the queue is back. */
    boolean onTrial() {
        return breaker.getState() == CircuitBreaker.State.HALF_OPEN;
    }

    /** The queue answered, to the end of the pass. */
    void succeeded() {
        breaker.onSuccess(0, TimeUnit.NANOSECONDS);
    }

    /** The queue did not. */
    void failed(RuntimeException why) {
        breaker.onError(0, TimeUnit.NANOSECONDS, why);
    }

    /** The pass said nothing about the queue. */
    void released() {
        breaker.releasePermission();
    }

    State state() {
        return switch (breaker.getState()) {
            case OPEN, FORCED_OPEN -> State.OPEN;
            case HALF_OPEN -> State.HALF_OPEN;
            case CLOSED, DISABLED, METRICS_ONLY -> State.CLOSED;
        };
    }

    /** How long until an open breaker lets a pass try; zero when it is not open or the wait is over. */
    Duration untilNextTry() {
        Duration left = state() == State.OPEN ? Duration.between(clock.instant(), nextTry.get()) : Duration.ZERO;
        return left.isNegative() ? Duration.ZERO : left;
    }

    enum State {
        CLOSED,
        OPEN,
        HALF_OPEN
    }

    private long wait(IntervalFunction waits, int attempt) {
        long wait = waits.apply(attempt);
        nextTry.set(clock.instant().plusMillis(wait));
        return wait;
    }
}

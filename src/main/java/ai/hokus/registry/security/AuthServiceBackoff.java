package ai.hokus.registry.security;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Leaves the auth service alone when it says {@code Retry-After}. A single 429 may be about one key's own limit, and concerns
 * that key alone; {@link #ANSWERS_TO_PAUSE} such answers in a row are about us: then nothing is asked until the last one's time
 * is over. Thread-safe.
 */
final class AuthServiceBackoff {

    static final int ANSWERS_TO_PAUSE = 3;

    private final Clock steadyClock;
    private final AtomicInteger inARow = new AtomicInteger();
    private volatile @Nullable Pause pause;

    AuthServiceBackoff(Clock steadyClock) {
        this.steadyClock = steadyClock;
    }

    /** What requests are told meanwhile; empty: the service may be asked. */
    Optional<Verdict> verdictWhilePausing() {
        Pause last = pause;
        if (last == null) {
            return Optional.empty();
        }
        Duration left = Duration.between(steadyClock.instant(), last.until());
        if (left.isNegative() || left.isZero()) {
            return Optional.empty();
        }
        return Optional.of(last.throttled() ? new Verdict.Throttled(left) : new Verdict.Unavailable(left));
    }

    /** The service answered with {@code Retry-After}: with 429, or with a 5xx. */
    void askedToWait(Duration retryAfter, boolean throttled) {
        if (inARow.incrementAndGet() >= ANSWERS_TO_PAUSE) {
            pause = new Pause(steadyClock.instant().plus(retryAfter), throttled);
        }
    }

    /** It answered something else. */
    void answered() {
        inARow.set(0);
    }

    private record Pause(Instant until, boolean throttled) {}
}

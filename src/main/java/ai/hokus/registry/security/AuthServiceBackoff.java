package ai.hokus.registry.security;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Leaves the auth service alone when it answers with {@code Retry-After}. A single 429 may be about one key's limit, and
 * concerns only that key; {@link #ANSWERS_TO_PAUSE} such answers in a row are about this service: then it asks nothing until
 * the time of the last one is over, or {@link #MAX_PAUSE}. Then it takes as many answers to pause again. Thread-safe.
 */
final class AuthServiceBackoff {

    static final int ANSWERS_TO_PAUSE = 3;

    /** Short: nobody with a new key gets in meanwhile, and a stranger with three made-up keys may have caused it. */
    static final Duration MAX_PAUSE = Duration.ofMinutes(1);

    private final Clock steadyClock;
    private int inARow; // guarded by this
    private Instant pausedUntil = Instant.MIN; // guarded by this
    private boolean throttled; // guarded by this

    AuthServiceBackoff(Clock steadyClock) {
        this.steadyClock = steadyClock;
    }

    /** The verdict on every key during a pause; empty: the service may be asked. */
    synchronized Optional<Verdict> verdictWhilePausing() {
        Duration left = Duration.between(steadyClock.instant(), pausedUntil);
        if (left.isNegative() || left.isZero()) {
            if (inARow >= ANSWERS_TO_PAUSE) {
                inARow = 0;
            }
            return Optional.empty();
        }
        return Optional.of(throttled ? new Verdict.Throttled(left) : new Verdict.Unavailable(left));
    }

    /** The service answered with {@code Retry-After}: with 429, or with a 5xx. */
    synchronized void askedToWait(Duration retryAfter, boolean with429) {
        if (++inARow >= ANSWERS_TO_PAUSE) {
            pausedUntil = steadyClock.instant().plus(retryAfter.compareTo(MAX_PAUSE) < 0 ? retryAfter : MAX_PAUSE);
            throttled = with429;
        }
    }

    /** It answered something else. */
    synchronized void answered() {
        inARow = 0;
    }
}

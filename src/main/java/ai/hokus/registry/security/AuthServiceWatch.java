package ai.hokus.registry.security;

import ai.hokus.registry.security.AuthServiceStatus.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what came of questions to the auth service, for health and the console. One question that comes to nothing may be
 * about one key; {@link #MIN_FAILURES} in a row are a finding, until there is a verdict, or no question for {@link
 * #FORGOTTEN_AFTER}. Reading it asks nobody. Thread-safe.
 */
public final class AuthServiceWatch {

    static final int MIN_FAILURES = 3;

    static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(5);

    private final boolean configured;
    private final Clock clock;
    private final Clock steadyClock;

    private int failuresInARow; // guarded by this
    private Instant lastAskedAt = Instant.MIN; // guarded by this; by the steady clock
    private @Nullable Instant lastAnswerAt; // guarded by this
    private @Nullable String lastProblem; // guarded by this
    private @Nullable Instant lastProblemAt; // guarded by this

    AuthServiceWatch(boolean configured, Clock clock, Clock steadyClock) {
        this.configured = configured;
        this.clock = clock;
        this.steadyClock = steadyClock;
    }

    /** Empty: this instance has no auth service. */
    public synchronized Optional<AuthServiceStatus> status() {
        return configured
                ? Optional.of(new AuthServiceStatus(state(), lastAnswerAt, lastProblem, lastProblemAt))
                : Optional.empty();
    }

    private State state() {
        if (lastAskedAt.equals(Instant.MIN)
                || Duration.between(lastAskedAt, steadyClock.instant()).compareTo(FORGOTTEN_AFTER) > 0) {
            return State.UNKNOWN;
        }
        if (failuresInARow >= MIN_FAILURES) {
            return State.FAILING;
        }
        return lastAnswerAt == null ? State.UNKNOWN : State.ANSWERING;
    }

    /** It gave a verdict. */
    synchronized void answered() {
        failuresInARow = 0;
        lastAskedAt = steadyClock.instant();
        lastAnswerAt = clock.instant();
    }

    /** @param problem a clause about "it", the service, that quotes neither a key nor an answer */
    synchronized void failed(String problem) {
        failuresInARow++;
        lastAskedAt = steadyClock.instant();
        lastProblem = problem;
        lastProblemAt = clock.instant();
    }
}

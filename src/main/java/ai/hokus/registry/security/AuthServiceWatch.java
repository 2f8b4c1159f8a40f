package ai.hokus.registry.security;

import ai.hokus.registry.security.AuthServiceStatus.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers what came of questions to the auth service, for health and the console, and logs one line a minute of each kind of
 * trouble. One question that comes to nothing may be about one key; {@link #MIN_FAILURES} in a row are a finding, until there is
 * a verdict, or no question for {@link #FORGOTTEN_AFTER}. Reading it asks nobody. Thread-safe.
 */
public final class AuthServiceWatch {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceWatch.class);

    /** In which ways a question can come to nothing: the tag of a metric. */
    enum Trouble {
        TIMEOUT,
        UNREACHABLE,
        SERVER_ERROR,
        THROTTLED,
        UNREADABLE,
        UNEXPECTED_STATUS
    }

    static final int MIN_FAILURES = 3;

    static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(5);

    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final boolean configured;
    private final Clock clock;
    private final Clock steadyClock;

    private final Map<Trouble, Instant> nextLine = new EnumMap<>(Trouble.class); // guarded by this
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
    synchronized void failed(Trouble trouble, String problem) {
        Instant now = steadyClock.instant();
        failuresInARow++;
        lastAskedAt = now;
        lastProblem = problem;
        lastProblemAt = clock.instant();
        if (!now.isBefore(nextLine.getOrDefault(trouble, Instant.MIN))) {
            nextLine.put(trouble, now.plus(LOG_INTERVAL));
            log.warn(
                    "The auth service gave no verdict on a key: {}. Keys that it accepted lately go on working, others are"
                            + " answered with {}. This is said once a minute at most.",
                    problem,
                    trouble == Trouble.THROTTLED ? 429 : 503);
        }
    }
}

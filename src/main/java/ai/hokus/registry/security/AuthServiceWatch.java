package ai.hokus.registry.security;

import ai.hokus.registry.security.AuthServiceStatus.State;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers, counts and times the outcomes of questions to the auth service, for health, the console and metrics. Logs at most
 * one line a minute for each kind of trouble. One question without a verdict may be about one key only; {@link #MIN_FAILURES}
 * in a row are a finding, until there is a verdict, or no question for {@link #FORGOTTEN_AFTER}. Reading it does no I/O.
 * Thread-safe.
 */
public final class AuthServiceWatch {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceWatch.class);

    /** Why a question got no verdict: the tag of a metric. */
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
    private final Timer duration;
    private final MeterProvider<Counter> failures;
    private final Counter stale;
    private final Counter unverified;

    private final Map<Trouble, Instant> nextLine = new EnumMap<>(Trouble.class); // guarded by this
    private int failuresInARow; // guarded by this
    private Instant lastAskedAt = Instant.MIN; // guarded by this; by the steady clock
    private @Nullable Instant lastAnswerAt; // guarded by this
    private @Nullable String lastProblem; // guarded by this
    private @Nullable Instant lastProblemAt; // guarded by this

    /** @param configured whether there is an auth service; else there are no meters either */
    AuthServiceWatch(boolean configured, Clock clock, Clock steadyClock, MeterRegistry meters) {
        this.configured = configured;
        this.clock = clock;
        this.steadyClock = steadyClock;
        MeterRegistry registry = configured ? meters : new CompositeMeterRegistry(); // an empty one drops them
        this.duration = Timer.builder("registry.auth.service.duration")
                .description(
                        "Duration of one question to the auth service, until its answer, a failure or the timeout.")
                .register(registry);
        Gauge.builder("registry.auth.service.failing", this, watch -> watch.state() == State.FAILING ? 1 : 0)
                .description("1 if this instance's last questions to the auth service, three or more in a row, gave no"
                        + " verdict; 0 otherwise.")
                .register(registry);
        this.failures = Counter.builder("registry.auth.service.failures")
                .baseUnit("questions")
                .description(
                        "Questions to the auth service that gave no verdict, by cause. Meters of the auth service exist"
                                + " only where one is configured.")
                .withRegistry(registry);
        // From the start, with 0, so that their first failure is an increase.
        Arrays.stream(Trouble.values()).forEach(this::failures);
        this.stale = Counter.builder("registry.auth.service.stale")
                .baseUnit("requests")
                .description("Requests whose key was accepted on an answer older than the cache's TTL.")
                .register(registry);
        this.unverified = Counter.builder("registry.auth.service.unverified")
                .baseUnit("requests")
                .description("Requests answered with 503 or 429 because the auth service gave no verdict on their key.")
                .register(registry);
    }

    private Counter failures(Trouble trouble) {
        return failures.withTags("cause", trouble.name().toLowerCase(Locale.ROOT));
    }

    /** Empty: this instance has no auth service. */
    public synchronized Optional<AuthServiceStatus> status() {
        return configured
                ? Optional.of(new AuthServiceStatus(state(), lastAnswerAt, lastProblem, lastProblemAt))
                : Optional.empty();
    }

    private synchronized State state() {
        if (lastAskedAt.equals(Instant.MIN)
                || Duration.between(lastAskedAt, steadyClock.instant()).compareTo(FORGOTTEN_AFTER) > 0) {
            return State.UNKNOWN;
        }
        if (failuresInARow >= MIN_FAILURES) {
            return State.FAILING;
        }
        return lastAnswerAt == null ? State.UNKNOWN : State.ANSWERING;
    }

    /** A question is over, with or without an answer. */
    void asked(Duration took) {
        duration.record(took);
    }

    void acceptedStale() {
        stale.increment();
    }

    void leftUnverified() {
        unverified.increment();
    }

    synchronized void answered() {
        failuresInARow = 0;
        lastAskedAt = steadyClock.instant();
        lastAnswerAt = clock.instant();
    }

    /** @param problem a clause about "it", the service, that quotes neither a key nor an answer */
    synchronized void failed(Trouble trouble, String problem) {
        failures(trouble).increment();
        Instant now = steadyClock.instant();
        failuresInARow++;
        lastAskedAt = now;
        lastProblem = problem;
        lastProblemAt = clock.instant();
        if (!now.isBefore(nextLine.getOrDefault(trouble, Instant.MIN))) {
            nextLine.put(trouble, now.plus(LOG_INTERVAL));
            log.warn(
                    "The auth service gave no verdict on a key: {}. Keys that it accepted lately go on working, others are"
                            + " answered with {}. Logged once a minute at most.",
                    problem,
                    trouble == Trouble.THROTTLED ? 429 : 503);
        }
    }
}

package ai.hokus.registry.status;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.outbox.CommitListener;
import ai.hokus.registry.outbox.CommittedMessage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * Whether registrations are stored, judged by the last ones. The probe cannot tell: it updates a row of its own, and does not
 * notice a lock on a table that only registrations write, a disk without room for one more row, or a lost privilege.
 * Registrations count as failing when {@link #MIN_FAILURES} in a row failed, over {@link #MIN_DURATION} or more, until one is
 * stored or {@link #FORGOTTEN_AFTER} passes without any failure. Thread-safe.
 */
@Component
class RegistrationOutcomes implements CommitListener {

    static final int MIN_FAILURES = 3;

    static final Duration MIN_DURATION = Duration.ofSeconds(3);

    static final Duration FORGOTTEN_AFTER = Duration.ofSeconds(10);

    private final Clock steady;

    /** Failures since one was stored; null: the last one was stored, or is forgotten. */
    private volatile @Nullable Failures failures;

    private record Failures(int count, Instant first, Instant last, String error) {}

    RegistrationOutcomes(@Qualifier("steadyClock") Clock steady) {
        this.steady = steady;
    }

    @Override
    public void committed(CommittedMessage message) {
        if (failures != null) {
            forget();
        }
    }

    void forget() {
        failures = null;
    }

    @Override
    public synchronized void failed(RuntimeException failure) {
        String error = getMostSpecificCause(failure).toString();
        Instant now = steady.instant();
        Failures before = failures;
        failures = before == null || isForgotten(before, now)
                ? new Failures(1, now, now, error)
                : new Failures(before.count() + 1, before.first(), now, error);
    }

    /** Why the last registration failed; empty: registrations do not count as failing. */
    Optional<String> failing() {
        return Optional.ofNullable(failures)
                .filter(last -> last.count() >= MIN_FAILURES)
                .filter(last -> Duration.between(last.first(), last.last()).compareTo(MIN_DURATION) >= 0)
                .filter(last -> !isForgotten(last, steady.instant()))
                .map(Failures::error);
    }

    private static boolean isForgotten(Failures failures, Instant now) {
        return Duration.between(failures.last(), now).compareTo(FORGOTTEN_AFTER) > 0;
    }
}

package ai.hokus.registry.status;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.status.DatabaseState.Condition;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.PessimisticLockingFailureException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.util.StringUtils;

/**
 * Does what a registration does: takes a connection from the pool that registrations use, and commits a write. Then looks
 * whether registrations themselves fail. Confined to its thread.
 *
 * <p>Costs one update of a row of its own, found by the primary key, and one commit every {@code registry.status.interval}.
 */
@Component
class DatabaseProbe {

    private static final Logger log = LoggerFactory.getLogger(DatabaseProbe.class);

    /** One failure can be a busy moment; two in a row are a finding. */
    private static final int FAILURES_TO_BE_BELIEVED = 2;

    private final StatusRepository repository;
    private final RegistrationOutcomes registrations;
    private final StatusCache cache;
    private final StatusSettings settings;

    private int failures;
    private Condition believed = Condition.UNKNOWN;

    DatabaseProbe(
            StatusRepository repository,
            RegistrationOutcomes registrations,
            StatusCache cache,
            StatusSettings settings) {
        this.repository = repository;
        this.registrations = registrations;
        this.cache = cache;
        this.settings = settings;
    }

    /** Probes once. A failure is not thrown: it counts, and the next probe follows. */
    void probe() {
        try {
            repository.probeWrite();
        } catch (RuntimeException e) {
            if (!isLocked(e)) {
                failed(e);
                return;
            }
            // Somebody has locked the probe's row or its table: the database works, and writes.
            log.debug("The probe's row is locked", e);
        }
        if (failures > 0) {
            // Registrations failed together with the probe; those failures no longer count.
            registrations.forget();
        }
        failures = 0;
        Optional<String> failing = registrations.failing();
        become(failing.isPresent() ? Condition.REFUSES_REGISTRATIONS : Condition.WRITABLE, failing.orElse(null));
    }

    private void failed(RuntimeException failure) {
        boolean connected = !(failure instanceof CannotCreateTransactionException);
        Condition condition = connected && answersReads() ? Condition.REFUSES_WRITES : Condition.UNREACHABLE;
        failures++;
        if (failures >= FAILURES_TO_BE_BELIEVED) {
            become(condition, getMostSpecificCause(failure).toString());
        }
    }

    private static boolean isLocked(RuntimeException failure) {
        return failure instanceof PessimisticLockingFailureException || SqlFailure.isLockTimeout(failure);
    }

    private boolean answersReads() {
        try {
            repository.probeRead();
            return true;
        } catch (RuntimeException e) {
            log.debug("The database does not answer", e);
            return false;
        }
    }

    private void become(Condition condition, @Nullable String error) {
        Condition before = believed;
        believed = condition;
        DatabaseState state = cache.probed(
                condition,
                error,
                condition == Condition.WRITABLE || condition == Condition.REFUSES_REGISTRATIONS
                        ? settings.interval().plus(StatusSettings.PROBE_TIMEOUT)
                        : null);
        if (condition == before) {
            return;
        }
        if (condition != Condition.WRITABLE) {
            log.error("{}", StringUtils.capitalize(Findings.of(state)));
            return;
        }
        switch (before) {
            case REFUSES_WRITES -> log.info("The database takes writes again; registrations are accepted.");
            case UNREACHABLE -> log.info("The database answers again; registrations are accepted.");
            case REFUSES_REGISTRATIONS -> log.info("Registrations do not fail any more.");
            case UNKNOWN, WRITABLE -> {}
        }
    }
}

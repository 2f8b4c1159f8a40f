package ai.hokus.registry.registration;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.registration.RegistrationResult.AlreadyRegistered;
import ai.hokus.registry.registration.RegistrationResult.Registered;
import ai.hokus.registry.registration.RegistrationResult.TooLarge;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.PlatformTransactionManager;

/** Stores registrations. Thread-safe. */
class RegistrationService {

    /**
     * How often a registration is tried whose transaction another one ended. The database reports that at once, so that
     * several attempts fit into the time of one that waits for a lock; such a one is not tried again, its client may.
     */
    private static final int MOST_ATTEMPTS = 5;

    /** For its turn to be stored alone: as long as it would wait for a connection. */
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(2);

    private final Outbox outbox;
    private final RegistrationTransaction transaction;
    private final GroupCommit group;
    private final Semaphore alone;
    private final Clock clock;
    private final long largestPayload;

    /**
     * @param alone a permit for each transaction of a registration alone: it may wait for a locked row, and its connection is
     *     not there for other models
     */
    RegistrationService(
            RegistrationStatements statements,
            Outbox outbox,
            PlatformTransactionManager transactions,
            Clock clock,
            RegistrationSettings settings,
            Semaphore alone) {
        this.alone = alone;
        this.outbox = outbox;
        this.transaction = new RegistrationTransaction(statements, outbox, transactions);
        this.group = new GroupCommit(settings.writers(), GroupCommit.PATIENCE, transaction::storeTogether);
        this.clock = clock;
        this.largestPayload = settings.maxPayload().toBytes();
    }

    /**
     * Stores a registration and its message, both or neither: first in a transaction that registrations of the same moment
     * share, and what that leaves over in one of its own.
     *
     * @param userId the caller's
     * @return {@link Registered} and {@link AlreadyRegistered} once it is on disk
     * @throws DataAccessException when the database fails; nothing was stored
     * @throws org.springframework.transaction.TransactionException likewise
     * @throws CommitInDoubtException when the database fails while committing
     */
    RegistrationResult register(RegistrationRequest request, String userId) {
        // PostgreSQL stores microseconds: what is delivered is what is read back.
        RegistrationEvent event =
                RegistrationEvent.of(request, userId, clock.instant().truncatedTo(ChronoUnit.MICROS));
        String payload = event.payload();
        long bytes = payload.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > largestPayload) {
            return new TooLarge(bytes, largestPayload);
        }
        NewMessage message = NewMessage.of(request.modelName(), RegistrationEvent.TYPE, payload);
        try {
            return store(new NewRegistration(event, Fingerprint.of(event), message));
        } catch (DataIntegrityViolationException e) {
            // About this registration's content; another one may well be stored.
            throw e;
        } catch (RuntimeException e) {
            outbox.failed(e);
            throw e;
        }
    }

    private RegistrationResult store(NewRegistration registration) {
        Optional<RegistrationResult> result = Optional.empty();
        for (int attempt = 1; result.isEmpty(); attempt++) {
            try {
                result = attempt == 1 ? group.store(registration) : Optional.of(storeAlone(registration));
            } catch (DataAccessException e) {
                if (attempt == MOST_ATTEMPTS || !DatabaseFailure.isEndedByAnother(e)) {
                    throw e;
                }
            }
        }
        return result.get();
    }

    private RegistrationResult storeAlone(NewRegistration registration) {
        try {
            if (!alone.tryAcquire(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TransientDataAccessResourceException(
                        "too many registrations wait for models that other transactions have locked");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransientDataAccessResourceException("interrupted while it waited to be stored", e);
        }
        try {
            return transaction.storeAlone(registration);
        } finally {
            alone.release();
        }
    }
}

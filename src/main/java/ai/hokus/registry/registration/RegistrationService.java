package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.registration.RegistrationRepository.ModelLockedException;
import ai.hokus.registry.web.FieldError;
import ai.hokus.registry.web.Problem;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.web.ErrorResponseException;

/** Stores registrations. Thread-safe. */
@Component
class RegistrationService implements AutoCloseable {

    /**
     * Maximum attempts to store a registration alone, after deadlocks and serialization failures. The database reports those
     * at once, so several attempts fit into the time of one that waits for a lock. An attempt that waited for a lock in vain
     * is not repeated here, but the client may repeat it.
     */
    private static final int MAX_ATTEMPTS = 4;

    private final Outbox outbox;
    private final RegistrationTransaction transaction;
    private final GroupCommit group;
    private final Bulkhead alone;
    private final Clock clock;
    private final long maxPayload;

    /**
     * @param alone a permit for each transaction that stores a registration alone: it may wait for a locked row, and
     *     meanwhile keeps its connection from other models
     */
    RegistrationService(
            RegistrationRepository repository,
            Outbox outbox,
            PlatformTransactionManager transactions,
            Clock clock,
            RegistrationSettings settings,
            Bulkhead alone) {
        this.alone = alone;
        this.outbox = outbox;
        this.transaction = new RegistrationTransaction(repository, outbox, transactions);
        this.group = new GroupCommit(
                settings.groupCommitWriters(),
                settings.maxConcurrentRequests(),
                GroupCommit.MAX_WAIT,
                transaction::storeTogether);
        this.clock = clock;
        this.maxPayload = settings.maxPayload().toBytes();
    }

    /**
     * Stores a registration and its message, both or neither: in a transaction that it shares with registrations of the same
     * moment or, if that leaves it out, in one of its own. {@code REGISTERED} and {@code ALREADY_REGISTERED} are on disk.
     *
     * @param userId the caller's
     * @throws ErrorResponseException 422 when the event would be larger than {@code registry.registration.max-payload}
     * @throws BulkheadFullException when too many registrations wait for locked models; nothing was stored
     * @throws DataAccessException when the database fails; nothing was stored
     * @throws org.springframework.transaction.TransactionException likewise
     * @throws CommitInDoubtException when it may or may not be stored
     */
    RegistrationResult register(RegistrationRequest request, String userId) {
        NewRegistration registration = newRegistration(request, userId);
        try {
            return group.store(registration) instanceof RegistrationResult result ? result : storeAlone(registration);
        } catch (DataIntegrityViolationException | BulkheadFullException | ModelLockedException e) {
            // Caused by this registration's content, or by locked rows of models: it says nothing about the database.
            throw e;
        } catch (RuntimeException e) {
            outbox.failed(e);
            throw e;
        }
    }

    private NewRegistration newRegistration(RegistrationRequest request, String userId) {
        // PostgreSQL stores microseconds: what is delivered is what is read back.
        RegistrationEvent event =
                RegistrationEvent.of(request, userId, clock.instant().truncatedTo(ChronoUnit.MICROS));
        String payload = event.payload();
        int bytes = payload.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > maxPayload) {
            throw Problem.exception(List.of(FieldError.ofBody(
                    "makes an event of " + bytes + " bytes; at most " + maxPayload + " are allowed")));
        }
        NewMessage message = NewMessage.of(request.modelName(), RegistrationEvent.TYPE, payload);
        return new NewRegistration(event, Fingerprint.of(event), message);
    }

    private RegistrationResult storeAlone(NewRegistration registration) {
        for (int attempt = 1; ; attempt++) {
            try {
                return alone.executeSupplier(() -> transaction.storeAlone(registration));
            } catch (DataAccessException e) {
                if (attempt == MAX_ATTEMPTS || !SqlFailure.isDeadlockOrSerializationFailure(e)) {
                    throw e;
                }
            }
        }
    }

    /** Ends the writers once they have stored what waits. */
    @Override
    public void close() {
        group.close();
    }
}

package ai.hokus.registry.registration;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.registration.RegistrationResult.AlreadyRegistered;
import ai.hokus.registry.registration.RegistrationResult.Conflict;
import ai.hokus.registry.registration.RegistrationResult.Registered;
import ai.hokus.registry.registration.RegistrationResult.TooLarge;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Stores registrations. Thread-safe. */
class RegistrationService {

    /** Longest transaction. Three statements take a few milliseconds; what takes longer waits for a lock. */
    static final Duration LONGEST_TRANSACTION = Duration.ofSeconds(5);

    /**
     * How often a transaction is tried that another one ended. The database reports that at once, so that several attempts
     * fit into the time of one that waits for a lock; such a one is not tried again, its client may.
     */
    private static final int MOST_ATTEMPTS = 5;

    /** Serialization failure and deadlock (both databases: 40001; PostgreSQL: 40P01), concurrent update (H2: 90131). */
    private static final Set<String> ENDED_BY_ANOTHER = Set.of("40001", "40P01", "90131");

    private final RegistrationStatements statements;
    private final Outbox outbox;
    private final TransactionTemplate transaction;
    private final Clock clock;
    private final long largestPayload;

    RegistrationService(
            RegistrationStatements statements,
            Outbox outbox,
            PlatformTransactionManager transactions,
            Clock clock,
            RegistrationSettings settings) {
        this.statements = statements;
        this.outbox = outbox;
        this.transaction = new TransactionTemplate(transactions);
        // The isolation stays the connection's, READ COMMITTED on both databases: setting it would cost a round trip.
        this.transaction.setTimeout(Math.toIntExact(LONGEST_TRANSACTION.toSeconds()));
        this.clock = clock;
        this.largestPayload = settings.maxPayload().toBytes();
    }

    /**
     * Stores a registration and its message, both or neither, in one transaction:
     *
     * <ol>
     *   <li>lock the model's row, made first where there is none: one registration of a model at a time, hence the ids of
     *       its messages in commit order;
     *   <li>insert the registration, unless its identity is taken: then compare what is stored, and write nothing;
     *   <li>append the message.
     * </ol>
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
        String fingerprint = Fingerprint.of(event);
        for (int attempt = 1; ; attempt++) {
            try {
                return storeInTransaction(event, fingerprint, message);
            } catch (DataAccessException e) {
                if (attempt == MOST_ATTEMPTS || !endedByAnother(e)) {
                    throw e;
                }
            }
        }
    }

    private RegistrationResult storeInTransaction(RegistrationEvent event, String fingerprint, NewMessage message) {
        AtomicBoolean committing = new AtomicBoolean();
        try {
            RegistrationResult stored = requireNonNull(transaction.execute(status -> {
                RegistrationResult result = store(event, fingerprint, message);
                committing.set(!(result instanceof Conflict));
                return result;
            }));
            if (stored instanceof AlreadyRegistered) {
                // Whoever registered it may not have it on disk yet.
                outbox.awaitDisk();
            }
            return stored;
        } catch (RuntimeException e) {
            throw committing.get() ? new CommitInDoubtException(e) : e;
        }
    }

    private RegistrationResult store(RegistrationEvent event, String fingerprint, NewMessage message) {
        lockModel(message.key());
        if (statements.insert(event, fingerprint, message.messageId())) {
            outbox.append(message);
            return new Registered(message.messageId());
        }
        List<String> stored = statements.fingerprint(event.request());
        return stored.contains(fingerprint) ? new AlreadyRegistered() : new Conflict();
    }

    private void lockModel(String name) {
        if (!statements.lockModel(name)) {
            statements.insertModel(name);
            if (!statements.lockModel(name)) {
                throw new IllegalStateException("the row of model " + name + " is neither there nor could it be made");
            }
        }
    }

    private static boolean endedByAnother(DataAccessException e) {
        return SqlCause.of(e)
                .map(SQLException::getSQLState)
                .filter(ENDED_BY_ANOTHER::contains)
                .isPresent();
    }
}

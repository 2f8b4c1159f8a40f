package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.registration.StoreResult.StoreAlone;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The transaction that stores registrations with their messages, all of them or none:
 *
 * <ol>
 *   <li>lock the models' rows, and insert those that are new: each model has one transaction at a time, so the ids of its
 *       messages are in commit order;
 *   <li>insert the registrations, unless their identities are taken: then compare what is stored, and write nothing;
 *   <li>append the messages of those that were inserted, in the order given.
 * </ol>
 *
 * <p>No two transactions wait for each other. A transaction of several registrations leaves those of locked models to be
 * stored alone, and waits only while another one is inserting the same new model. All insert models in the order of their
 * names, so one that waits for a model has inserted none that comes later. A registration that is stored alone waits for
 * its model without holding a lock.
 *
 * <p>Thread-safe.
 */
final class RegistrationTransaction {

    /** Its statements take a few milliseconds; what takes longer waits for a lock. */
    static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final RegistrationRepository repository;
    private final Outbox outbox;
    private final TransactionTemplate transaction;

    RegistrationTransaction(RegistrationRepository repository, Outbox outbox, PlatformTransactionManager transactions) {
        this.repository = repository;
        this.outbox = outbox;
        this.transaction = new TransactionTemplate(transactions);
        // The isolation stays the connection's, READ COMMITTED on both databases: setting it would cost a round trip.
        this.transaction.setTimeout(Math.toIntExact(TIMEOUT.toSeconds()));
    }

    /**
     * Stores those whose models are free or new.
     *
     * @return a result for each, in their order, on disk
     * @throws DataAccessException when the database fails; nothing was stored
     * @throws org.springframework.transaction.TransactionException likewise
     * @throws IllegalStateException when another transaction inserts one of their models and does not end; nothing was stored
     * @throws CommitInDoubtException when the commit fails, for whatever reason
     */
    List<StoreResult> storeTogether(List<NewRegistration> registrations) {
        return commit(() -> write(registrations, lockModels(registrations)));
    }

    /** Stores one, and waits for its model. Throws as {@link #storeTogether} does. */
    RegistrationResult storeAlone(NewRegistration registration) {
        return (RegistrationResult) commit(() -> write(List.of(registration), lockModel(registration.modelName())))
                .get(0);
    }

    /**
     * If the commit fails, the outcome is unknown for every member, and sending it again settles it. If no member's result
     * depends on the commit, the results are returned all the same.
     *
     * @param work never returns an empty list: there is at least one registration, and each has a result. So if there is no
     *     result, the statements have failed and nothing was stored
     */
    private List<StoreResult> commit(Supplier<List<StoreResult>> work) {
        List<StoreResult> written = new ArrayList<>();
        try {
            transaction.executeWithoutResult(status -> written.addAll(work.get()));
            if (written.contains(RegistrationResult.ALREADY_REGISTERED)) {
                // The transaction that registered it may not be on disk yet.
                outbox.flush();
            }
            return written;
        } catch (RuntimeException | Error e) {
            if (written.isEmpty()) {
                throw e; // the statements failed
            }
            if (written.contains(RegistrationResult.REGISTERED)
                    || written.contains(RegistrationResult.ALREADY_REGISTERED)) {
                throw new CommitInDoubtException(e);
            }
            if (e instanceof Error error) {
                throw error;
            }
            return written;
        }
    }

    /** Locks those models that nobody has locked, and inserts those that are new. */
    private Set<String> lockModels(List<NewRegistration> registrations) {
        Set<String> others =
                registrations.stream().map(NewRegistration::modelName).collect(Collectors.toCollection(TreeSet::new));
        Set<String> locked = new HashSet<>(repository.lockFreeModels(others));
        others.removeAll(locked);
        if (!others.isEmpty()) {
            try {
                locked.addAll(repository.insertModels(List.copyOf(others)));
            } catch (DataAccessException e) {
                // A lock timeout may concern the registrations of one model only, so each is stored alone.
                throw SqlFailure.isLockTimeout(e)
                        ? new IllegalStateException("another transaction makes one of these models and does not end", e)
                        : e;
            }
        }
        return locked;
    }

    /** Inserts the row if there is none. That locks it, and nobody else sees it before the commit. */
    private Set<String> lockModel(String name) {
        if (repository.insertModels(List.of(name)).isEmpty() && !repository.lockModel(name)) {
            throw new IllegalStateException("the row of model " + name + " is neither there nor could it be made");
        }
        return Set.of(name);
    }

    private List<StoreResult> write(List<NewRegistration> registrations, Set<String> lockedModels) {
        List<NewRegistration> inserted = repository.insert(registrations.stream()
                .filter(registration -> lockedModels.contains(registration.modelName()))
                .toList());
        List<NewMessage> messages =
                inserted.stream().map(NewRegistration::message).toList();
        outbox.add(messages);
        Set<UUID> ids = messages.stream().map(NewMessage::messageId).collect(Collectors.toSet());
        return registrations.stream()
                .map(registration ->
                        lockedModels.contains(registration.modelName()) ? result(registration, ids) : new StoreAlone())
                .toList();
    }

    private RegistrationResult result(NewRegistration registration, Set<UUID> inserted) {
        if (inserted.contains(registration.message().messageId())) {
            return RegistrationResult.REGISTERED;
        }
        List<String> stored = repository.fingerprint(registration.event().request());
        if (stored.isEmpty()) {
            throw new NonTransientDataAccessResourceException(
                    "a registration was refused although none like it is stored: does the sequence of registration.id give ids"
                            + " that are taken? Set it above the highest one");
        }
        return stored.contains(registration.fingerprint())
                ? RegistrationResult.ALREADY_REGISTERED
                : RegistrationResult.CONFLICT;
    }
}

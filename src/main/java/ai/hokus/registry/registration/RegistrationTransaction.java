package ai.hokus.registry.registration;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.Outbox;
import ai.hokus.registry.registration.RegistrationResult.AlreadyRegistered;
import ai.hokus.registry.registration.RegistrationResult.Conflict;
import ai.hokus.registry.registration.RegistrationResult.Registered;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The transaction that stores registrations with their messages, all of them or none:
 *
 * <ol>
 *   <li>lock the models' rows: one transaction of a model at a time, hence the ids of its messages in commit order;
 *   <li>insert the registrations, unless their identities are taken: then compare what is stored, and write nothing;
 *   <li>append the messages of those that were inserted, in the order given.
 * </ol>
 *
 * <p>Several registrations take only those models whose rows are there and free, and leave the others to be stored alone.
 * So they wait for no other transaction, and no two transactions wait for each other: one alone waits for one model.
 *
 * <p>Thread-safe.
 */
final class RegistrationTransaction {

    /** The longest. Three statements take a few milliseconds; what takes longer waits for a lock. */
    static final Duration LONGEST = Duration.ofSeconds(5);

    private final RegistrationStatements statements;
    private final Outbox outbox;
    private final TransactionTemplate transaction;

    RegistrationTransaction(RegistrationStatements statements, Outbox outbox, PlatformTransactionManager transactions) {
        this.statements = statements;
        this.outbox = outbox;
        this.transaction = new TransactionTemplate(transactions);
        // The isolation stays the connection's, READ COMMITTED on both databases: setting it would cost a round trip.
        this.transaction.setTimeout(Math.toIntExact(LONGEST.toSeconds()));
    }

    /**
     * Stores those whose models' rows are free.
     *
     * @return what came of each, in their order, on disk; empty where the model is locked or new
     * @throws org.springframework.dao.DataAccessException when the database fails; nothing was stored
     * @throws org.springframework.transaction.TransactionException likewise
     * @throws CommitInDoubtException when the database fails while committing
     */
    List<Optional<RegistrationResult>> storeTogether(List<NewRegistration> registrations) {
        return store(registrations, statements::lockFreeModels);
    }

    /** Stores one, and waits for its model's row or makes it. Returns and throws as {@link #storeTogether} does. */
    RegistrationResult storeAlone(NewRegistration registration) {
        return store(List.of(registration), models -> {
                    models.forEach(this::lockModel);
                    return models;
                })
                .get(0)
                .orElseThrow();
    }

    /** @param lock locks some of these models, and returns which */
    private List<Optional<RegistrationResult>> store(
            List<NewRegistration> registrations, UnaryOperator<Set<String>> lock) {
        AtomicReference<@Nullable List<Optional<RegistrationResult>>> written = new AtomicReference<>();
        try {
            transaction.executeWithoutResult(
                    status -> written.set(write(registrations, lock.apply(models(registrations)))));
            List<Optional<RegistrationResult>> results = requireNonNull(written.get());
            if (results.contains(Optional.of(new AlreadyRegistered()))) {
                // Whoever registered it may not have it on disk yet.
                outbox.flush();
            }
            return results;
        } catch (RuntimeException e) {
            return afterFailure(e, written.get());
        }
    }

    /**
     * In doubt is everyone, those too that wrote nothing beside others: a repetition settles it for them as well.
     *
     * @param written what came of the statements; null: it was they that failed
     */
    private static List<Optional<RegistrationResult>> afterFailure(
            RuntimeException failure, @Nullable List<Optional<RegistrationResult>> written) {
        if (written == null) {
            throw failure;
        }
        if (written.stream().allMatch(Optional::isEmpty)) {
            // It wrote nothing, so it did not matter how it ended.
            return written;
        }
        boolean onlyConflicts = written.stream().flatMap(Optional::stream).allMatch(Conflict.class::isInstance);
        throw onlyConflicts ? failure : new CommitInDoubtException(failure);
    }

    private static Set<String> models(List<NewRegistration> registrations) {
        return registrations.stream().map(NewRegistration::modelName).collect(Collectors.toUnmodifiableSet());
    }

    /** Where there is no row it is made; it is locked by that, and nobody else sees it before the commit. */
    private void lockModel(String name) {
        if (!statements.insertModel(name) && !statements.lockModel(name)) {
            throw new IllegalStateException("the row of model " + name + " is neither there nor could it be made");
        }
    }

    private List<Optional<RegistrationResult>> write(List<NewRegistration> registrations, Set<String> lockedModels) {
        List<NewRegistration> mine = registrations.stream()
                .filter(registration -> lockedModels.contains(registration.modelName()))
                .toList();
        Set<UUID> inserted = statements.insert(mine);
        List<NewMessage> messages = mine.stream()
                .map(NewRegistration::message)
                .filter(message -> inserted.contains(message.messageId()))
                .toList();
        outbox.append(messages);
        return registrations.stream()
                .map(registration -> lockedModels.contains(registration.modelName())
                        ? Optional.of(result(registration, inserted))
                        : Optional.<RegistrationResult>empty())
                .toList();
    }

    private RegistrationResult result(NewRegistration registration, Set<UUID> inserted) {
        UUID messageId = registration.message().messageId();
        if (inserted.contains(messageId)) {
            return new Registered(messageId);
        }
        List<String> stored = statements.fingerprint(registration.event().request());
        return stored.contains(registration.fingerprint()) ? new AlreadyRegistered() : new Conflict();
    }
}

package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.ThrottledLog;
import ai.hokus.registry.registration.StoreResult.StoreAlone;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.dao.UncategorizedDataAccessException;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.TransactionTimedOutException;

/**
 * Group commit: registrations that arrive while a transaction is under way share the next one, so that they pay once for its
 * round trips, its commit and its sync.
 *
 * <ol>
 *   <li>A request's thread puts its registration into a bounded queue, and waits.
 *   <li>A writer, a thread of its own, takes the first in the queue and those behind it, stores them in one transaction, and
 *       completes each with its result.
 *   <li>A registration that no writer has taken within {@link #MAX_WAIT} leaves the queue and is stored alone, so that a stuck
 *       writer holds up only what it has taken.
 * </ol>
 *
 * <p>Thread-safe.
 */
final class GroupCommit implements AutoCloseable {

    /** Maximum number of registrations in one transaction: some tens of milliseconds of inserts. */
    static final int MAX_GROUP_SIZE = 64;

    /** Maximum number of characters in a group's payloads: 64 times the default max-payload, about a second of inserts. */
    static final long MAX_GROUP_PAYLOAD = 16L * 1024 * 1024;

    /** A hundred times what a transaction usually takes. */
    static final Duration MAX_WAIT = Duration.ofMillis(500);

    /**
     * No transaction takes longer: 2 s for a connection, 5 s for its statements, 10 s each until the driver gives up on the
     * commit and on the rollback.
     */
    private static final Duration MAX_TRANSACTION = Duration.ofSeconds(30);

    private static final Logger log = LoggerFactory.getLogger(GroupCommit.class);

    private final ThrottledLog storedAlone = new ThrottledLog(log);
    private final Duration maxWait;
    private final Function<List<NewRegistration>, List<StoreResult>> transaction;
    private final BlockingQueue<Runnable> queue; // of Members
    private final ThreadPoolExecutor writers;

    /**
     * Starts no thread before the first registration.
     *
     * @param writers transactions under way at once
     * @param capacity registrations that wait at once; another one is refused
     * @param maxWait {@link #MAX_WAIT}, except in tests
     * @param transaction stores what it can in one transaction and returns a result for each, in their order
     */
    GroupCommit(
            int writers,
            int capacity,
            Duration maxWait,
            Function<List<NewRegistration>, List<StoreResult>> transaction) {
        this.maxWait = maxWait;
        this.transaction = transaction;
        this.queue = new ArrayBlockingQueue<>(capacity);
        CustomizableThreadFactory threads = new CustomizableThreadFactory("registration-writer-");
        threads.setDaemon(true);
        this.writers = new ThreadPoolExecutor(writers, writers, 0, TimeUnit.SECONDS, queue, threads);
    }

    /**
     * Stores a registration, together with others if there are some.
     *
     * @throws TransientDataAccessResourceException when the database failed under the transaction, or too many registrations
     *     wait; nothing was stored
     * @throws CommitInDoubtException when it may or may not be stored: the commit failed, or this thread was interrupted
     */
    StoreResult store(NewRegistration registration) {
        Member member = new Member(registration);
        try {
            writers.execute(member);
            StoreResult result = await(member, maxWait);
            if (result == null) {
                result = queue.remove(member) ? new StoreAlone() : await(member, MAX_TRANSACTION);
            }
            if (result == null) {
                throw new CommitInDoubtException(
                        new TransactionTimedOutException("the transaction that it shares does not end"));
            }
            return result;
        } catch (RejectedExecutionException e) {
            throw new TransientDataAccessResourceException("too many registrations wait to be stored", e);
        } catch (InterruptedException e) {
            queue.remove(member);
            Thread.currentThread().interrupt();
            throw new CommitInDoubtException(
                    new TransactionTimedOutException("its thread was interrupted while it waited to be stored"));
        }
    }

    /** The member's result; null: not known yet. A failure is wrapped in a new exception, with this thread's stack trace. */
    private static @Nullable StoreResult await(Member member, Duration max) throws InterruptedException {
        try {
            return member.get(max.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CommitInDoubtException inDoubt) {
                throw new CommitInDoubtException(inDoubt);
            }
            throw new TransientDataAccessResourceException("the transaction that it shared failed", e);
        }
    }

    /** If the database fails, every member fails. Any other failure may concern one member: then each is stored alone. */
    private void write(Member first) {
        List<Member> group = takeGroup(first);
        try {
            if (group.size() == 1) {
                MDC.setContextMap(first.logContext);
            }
            List<StoreResult> results = transaction.apply(
                    group.stream().map(member -> member.registration).toList());
            for (int i = 0; i < group.size(); i++) {
                group.get(i).complete(results.get(i));
            }
        } catch (Throwable e) {
            if (isSharedFailure(e)) {
                group.forEach(member -> member.completeExceptionally(e));
            } else {
                storedAlone.warn(
                        () -> "Registrations that share a transaction are stored one by one, because it failed: "
                                + SqlFailure.describe(e) + ".");
                group.forEach(member -> member.complete(new StoreAlone()));
            }
            if (e instanceof Error error) {
                throw error;
            }
        } finally {
            MDC.clear();
        }
    }

    /** Whether the cause was the database itself, or a lock that all wait for, and not what one member writes. */
    private static boolean isSharedFailure(Throwable e) {
        return e instanceof CommitInDoubtException
                || e instanceof TransactionException
                || e instanceof NonTransientDataAccessResourceException
                || e instanceof RecoverableDataAccessException
                || SqlFailure.isMissingRight(e)
                || (e instanceof UncategorizedDataAccessException
                        && (SqlFailure.isLockTimeout(e) || SqlFailure.isReadOnly(e)))
                || (e instanceof TransientDataAccessException && !SqlFailure.isDeadlockOrSerializationFailure(e));
    }

    private List<Member> takeGroup(Member first) {
        List<Member> group = new ArrayList<>(List.of(first));
        long payload = first.payload();
        while (group.size() < MAX_GROUP_SIZE && queue.peek() instanceof Member next) {
            payload += next.payload();
            if (payload > MAX_GROUP_PAYLOAD) {
                break;
            }
            // If it is gone, another writer has it, or its thread stores it alone.
            if (queue.remove(next)) {
                group.add(next);
            }
        }
        return group;
    }

    /** Refuses new registrations; waits up to {@link RegistrationTransaction#TIMEOUT} until those in the queue are stored. */
    @Override
    public void close() {
        writers.shutdown();
        try {
            writers.awaitTermination(RegistrationTransaction.TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A registration that waits, and what came of it. Run by a writer. */
    private final class Member extends CompletableFuture<StoreResult> implements Runnable {

        private final NewRegistration registration;

        /** From the request's thread, so that a transaction for this request alone logs the request's id. */
        private final Map<String, String> logContext = Objects.requireNonNullElse(MDC.getCopyOfContextMap(), Map.of());

        Member(NewRegistration registration) {
            this.registration = registration;
        }

        long payload() {
            return registration.message().payload().length();
        }

        @Override
        public void run() {
            write(this);
        }
    }
}

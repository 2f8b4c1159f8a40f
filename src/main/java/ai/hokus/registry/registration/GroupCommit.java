package ai.hokus.registry.registration;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.transaction.TransactionTimedOutException;

/**
 * Group commit: registrations that arrive while a transaction is under way share the next one, as commits share a sync of a
 * database's log. The round trips, the commit and its sync are paid once for all of them: the more there are, the less each
 * pays.
 *
 * <ol>
 *   <li>A request that finds a writer free is that writer, and stores its registration at once: nobody waits for company.
 *   <li>Others wait, in the order of their arrival. A writer that is done hands its place to the first of them, whose thread
 *       takes everyone who waits by then into its transaction.
 *   <li>A thread writes once, its own registration among the others, so that its answer waits for no one else's.
 *   <li>Whoever was taken by no writer within {@code patience} leaves, to be stored alone: a writer that is stuck holds up
 *       only those whose registrations it has.
 * </ol>
 *
 * <p>Runs on the threads of requests and has none of its own. Thread-safe.
 */
final class GroupCommit {

    /** In one transaction: a few ten milliseconds of inserts. */
    static final int MOST_TOGETHER = 64;

    /** Of all payloads in one transaction, where there are several: 64 of the default's largest, a second of inserts. */
    static final long LARGEST_TOGETHER = 16L * 1024 * 1024; // characters

    /** A hundred times what a transaction takes. */
    static final Duration PATIENCE = Duration.ofMillis(500);

    /**
     * No shared transaction takes longer: 2 s for a connection, 5 s for its statements, 10 s each until the driver gives up
     * on the commit and on the rollback.
     */
    private static final Duration LONGEST_GROUP = Duration.ofSeconds(30);

    private final int writers;
    private final Duration patience;
    private final Function<List<NewRegistration>, List<Optional<RegistrationResult>>> transaction;
    private final ReentrantLock lock = new ReentrantLock();
    private final Queue<Member> waiting = new ArrayDeque<>(); // guarded by lock; empty while a writer is free
    private int writing; // guarded by lock

    /**
     * @param writers transactions under way at once
     * @param patience {@link #PATIENCE}, but for tests
     * @param transaction stores what it can in one transaction and returns what came of each, in their order; empty: not
     *     stored here, to be stored alone
     */
    GroupCommit(
            int writers,
            Duration patience,
            Function<List<NewRegistration>, List<Optional<RegistrationResult>>> transaction) {
        this.writers = writers;
        this.patience = patience;
        this.transaction = transaction;
    }

    /**
     * Stores a registration, together with others where there are some. An interrupt is kept for later.
     *
     * @return empty: nothing was stored, and nobody else's failure or wait says that it cannot be: it is to be stored alone
     * @throws RuntimeException of the transaction, where it had no other registration
     * @throws TransientDataAccessResourceException when the database failed under the transaction; nothing was stored
     * @throws CommitInDoubtException when it failed while committing
     */
    Optional<RegistrationResult> store(NewRegistration registration) {
        Member own = new Member(registration);
        return becomesWriter(own) ? write(own) : awaitTurn(own);
    }

    /** Whether it may write now. If not, it is among those that wait. */
    private boolean becomesWriter(Member own) {
        lock.lock();
        try {
            if (writing < writers) {
                writing++;
                return true;
            }
            waiting.add(own);
            return false;
        } finally {
            lock.unlock();
        }
    }

    private Optional<RegistrationResult> awaitTurn(Member own) {
        if (!own.isToldWithin(patience) && leave(own)) {
            return Optional.empty();
        }
        if (!own.isToldWithin(LONGEST_GROUP)) {
            throw new CommitInDoubtException(
                    new TransactionTimedOutException("the transaction that it shares does not end"));
        }
        return own.goOn();
    }

    /** Whether nobody had taken it. */
    private boolean leave(Member own) {
        lock.lock();
        try {
            return waiting.remove(own);
        } finally {
            lock.unlock();
        }
    }

    /** Stores its own registration and those of whoever waits, tells them, and returns what came of its own. */
    private Optional<RegistrationResult> write(Member own) {
        List<Member> group = new ArrayList<>();
        group.add(own);
        try {
            List<Optional<RegistrationResult>> results = storeTogether(group);
            for (int i = 1; i < group.size(); i++) {
                Optional<RegistrationResult> result = results.get(i);
                group.get(i).tell(() -> result);
            }
            return results.get(0);
        } catch (Throwable e) {
            group.subList(1, group.size()).forEach(member -> member.tell(() -> shared(e)));
            if (group.size() == 1 || e instanceof Error) {
                throw e;
            }
            return shared(e);
        }
    }

    /** The next one writes from here on, while these are still being told. */
    private List<Optional<RegistrationResult>> storeTogether(List<Member> group) {
        try {
            takeWaiting(group);
            return transaction.apply(
                    group.stream().map(member -> member.registration).toList());
        } finally {
            handOver();
        }
    }

    private void takeWaiting(List<Member> group) {
        lock.lock();
        try {
            long size = group.get(0).size();
            for (Member next = waiting.peek(); next != null && group.size() < MOST_TOGETHER; next = waiting.peek()) {
                size += next.size();
                if (size > LARGEST_TOGETHER) {
                    return;
                }
                group.add(waiting.remove());
            }
        } finally {
            lock.unlock();
        }
    }

    private void handOver() {
        Member next;
        lock.lock();
        try {
            next = waiting.poll();
            if (next == null) {
                writing--;
            }
        } finally {
            lock.unlock();
        }
        if (next != null) {
            next.tell(() -> write(next));
        }
    }

    /**
     * What a failure of the shared transaction is to one registration of several; thrown on its own thread, as an exception
     * of its own. The database's failure is everyone's, and is not waited for a second time. What one registration or another
     * transaction brought about need not be: each is stored alone.
     */
    private static Optional<RegistrationResult> shared(Throwable failure) {
        if (failure instanceof CommitInDoubtException inDoubt) {
            throw new CommitInDoubtException(inDoubt);
        }
        if (DatabaseFailure.isEveryones(failure)) {
            throw new TransientDataAccessResourceException("the transaction that it shared failed", failure);
        }
        return Optional.empty();
    }

    /** A registration, and the thread that waits with it. */
    private static final class Member {

        private final NewRegistration registration;
        private final CountDownLatch told = new CountDownLatch(1);
        private volatile @Nullable Supplier<Optional<RegistrationResult>> next;

        Member(NewRegistration registration) {
            this.registration = registration;
        }

        long size() {
            return registration.message().payload().length();
        }

        /** @param next what its thread goes on with; once at most */
        void tell(Supplier<Optional<RegistrationResult>> next) {
            this.next = next;
            told.countDown();
        }

        /** Waits through interrupts: somebody else may be storing it. */
        boolean isToldWithin(Duration longest) {
            long deadline = System.nanoTime() + longest.toNanos();
            boolean interrupted = false;
            try {
                while (true) {
                    try {
                        return told.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        Optional<RegistrationResult> goOn() {
            Supplier<Optional<RegistrationResult>> what = next;
            if (what == null) {
                throw new IllegalStateException("it was not told yet");
            }
            return what.get();
        }
    }
}

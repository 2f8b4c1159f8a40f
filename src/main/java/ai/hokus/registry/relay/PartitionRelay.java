package ai.hokus.registry.relay;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.ScanCursor;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import net.javacrumbs.shedlock.support.LockException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/**
 * Relays one partition on this instance: a pass every interval, and one right after a commit. Used for one run of its thread,
 * and confined to that but for {@link #wake}, {@link #stop} and {@link #status}.
 */
final class PartitionRelay implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(PartitionRelay.class);

    /** After a lock that another instance had; doubled each time, up to the interval: 20 ms, 40 ms, 80 ms ... */
    private static final Duration INITIAL_LOCK_BACKOFF = Duration.ofMillis(20);

    /** For a smaller batch, a thread for its append costs more than it saves: measured on two processors. */
    static final int CLAIM_AHEAD_FROM = 100;

    private final OutboxPartition partition;
    private final MessageQueue queue;
    private final ProducerId producer;
    private final QueueBreaker breaker;
    private final LockProvider locks;
    private final RelaySettings settings;
    private final Clock clock;
    private final RelayListener listener;
    private final RelayStatusTracker status;

    /** A permit says that a pass is wanted now. */
    private final Semaphore signal = new Semaphore(0);

    /** Ends waits that commits do not end. */
    private final CountDownLatch stopped = new CountDownLatch(1);

    private volatile boolean stopping;

    /** How the last pass ended; null: there was none, or it failed. */
    private RelayPass.@Nullable Result last;

    /** Passes in a row that another instance's lock kept out, with something pending. */
    private int lockMisses;

    PartitionRelay(
            OutboxPartition partition,
            MessageQueue queue,
            ProducerId producer,
            QueueBreaker breaker,
            LockProvider locks,
            RelaySettings settings,
            Clock clock,
            RelayListener listener) {
        this.partition = partition;
        this.queue = queue;
        this.producer = producer;
        this.breaker = breaker;
        this.locks = locks;
        this.settings = settings;
        this.clock = clock;
        this.listener = listener;
        this.status = new RelayStatusTracker(partition.number(), clock, listener);
    }

    /**
     * Asks for a pass now. However often it is asked for while one runs, one more follows; while the queue is left alone
     * nothing does. Returns at once.
     */
    void wake() {
        if (breaker.state() != BreakerState.OPEN) {
            signalOnce();
        }
    }

    private void signalOnce() {
        if (signal.availablePermits() == 0) {
            signal.release();
        }
    }

    /** The running pass ends at its next step; no other begins. Returns at once. */
    void stop() {
        stopping = true;
        stopped.countDown();
        signalOnce();
    }

    RelayStatus status() {
        return status.status();
    }

    /** Passes until it is stopped, whatever goes wrong. */
    @Override
    public void run() {
        boolean woken = true;
        while (!stopping) {
            try {
                boolean again = passOrWait(woken);
                woken = again || awaitSignal(pause());
            } catch (Throwable e) {
                log.error("Partition {}: even the report of a failure failed.", partition.number(), e);
                LockSupport.parkNanos(settings.interval().toNanos());
                woken = true;
            }
        }
        status.become(
                RelayState.SHUT_DOWN, null, "The relay of partition {} stops; what is pending waits in the outbox.");
    }

    /**
     * Until the next try where the queue is left alone. While another instance has the lock and something is pending, it is
     * checked soon whether that instance saw it: it may have been committed here just after the other one's last claim.
     */
    private Duration pause() {
        Duration untilNextTry = breaker.untilNextTry();
        if (!untilNextTry.isZero()) {
            return untilNextTry;
        }
        Duration soon = INITIAL_LOCK_BACKOFF.multipliedBy(1L << Math.min(lockMisses, 20) >> 1);
        return lockMisses == 0 || soon.compareTo(settings.interval()) > 0 ? settings.interval() : soon;
    }

    /** Whether the signal came, and not the end of the pause. */
    private boolean awaitSignal(Duration pause) {
        try {
            boolean signalled = signal.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
            signal.drainPermits();
            return signalled;
        } catch (InterruptedException e) {
            stopping = true;
            return false;
        }
    }

    private void awaitStop(Duration pause) {
        try {
            var unused = stopped.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stopping = true;
        }
    }

    /**
     * One pass, with everything that can go wrong caught: without this thread nothing is delivered.
     *
     * @param woken whether something is known to be pending
     * @return whether the next pass is due at once
     */
    boolean passOrWait(boolean woken) {
        if (!breaker.tryAcquire()) {
            return false;
        }
        RelayPass.Result before = last;
        last = null;
        try {
            RelayPass.Result result = pass(woken, before);
            breaker.succeeded();
            last = result;
            status.passed();
            PassOutcome outcome = result.outcome();
            status.become(outcome.state(), result.detail(), outcome.logLine());
            return outcome == PassOutcome.OUT_OF_TIME;
        } catch (QueueUnavailableException e) {
            breaker.failed(e);
            queueFailed(e);
            listener.failed(partition.number(), e.kind().name().toLowerCase(Locale.ROOT));
        } catch (DataAccessException | TransactionException | LockException e) {
            breaker.released();
            status.become(
                    RelayState.FAILING,
                    "database: " + getMostSpecificCause(e),
                    "The relay of partition {} cannot use the database; messages wait where they are, and it tries again"
                            + " every " + settings.interval() + ".");
            listener.failed(partition.number(), RelayListener.DATABASE);
        } catch (Throwable e) {
            breaker.released();
            failedUnexpectedly(e);
        }
        return false;
    }

    private void failedUnexpectedly(Throwable e) {
        RelayStatus before = status.status();
        if (before.state() != RelayState.FAILING || !e.toString().equals(before.lastError())) {
            log.error(
                    "Unexpected failure in the relay of partition {}. No message is lost: the next pass finds out what the"
                            + " queue has.",
                    partition.number(),
                    e);
        }
        status.become(RelayState.FAILING, e.toString(), "The relay of partition {} failed; it tries again.");
        listener.failed(partition.number(), RelayListener.OTHER);
    }

    /**
     * Looks at the queue first: an instance that cannot reach it must not hold its relay lock. Then, unless something
     * is known to be pending, whether there is anything to do. The deadline starts before the lock is asked for.
     */
    private RelayPass.Result pass(boolean woken, RelayPass.@Nullable Result before) {
        long start = System.nanoTime();
        long deadline = start + settings.maxPassDuration().toNanos();
        Checkpoints look = queue.newestCheckpoint(producer);
        status.depth(look.depth());
        ScanCursor remembered = before == null ? null : before.cursor();
        if (before != null && before.outcome() == PassOutcome.NOT_RELAYING) { // not the lock, before that has changed
            String refusal = partition.refusal();
            if (refusal != null) {
                return new RelayPass.Result(PassOutcome.NOT_RELAYING, null, refusal);
            }
        }
        if (!woken && partition.isIdle(look.newest(), remembered)) {
            lockMisses = 0;
            return new RelayPass.Result(PassOutcome.DRAINED, remembered, null);
        }
        Optional<SimpleLock> lock = locks.lock(new LockConfiguration(
                clock.instant(), "relay-" + partition.number(), settings.lockAtMostFor(), Duration.ZERO));
        if (lock.isEmpty()) {
            lockMisses = woken ? 1 : lockMisses + 1;
            return new RelayPass.Result(PassOutcome.LOCKED_OUT, remembered, null);
        }
        lockMisses = 0;
        try {
            BooleanSupplier timeIsLeft = () -> !stopping && System.nanoTime() - deadline < 0;
            var limits = new RelayPass.Limits(
                    settings.batchMessages(), settings.batchBytes().toBytes(), CLAIM_AHEAD_FROM);
            CommitLinger linger = new CommitLinger(this::awaitSignal, this::awaitStop);
            BatchAppender appender = new BatchAppender(queue, producer, status, PartitionRelay::onThreadOfItsOwn);
            return new RelayPass(partition, queue, producer, limits, appender, timeIsLeft, linger, status)
                    .run(look, before);
        } finally {
            unlock(lock.get());
            listener.passEnded(partition.number(), Duration.ofNanos(System.nanoTime() - start));
        }
    }

    /** A new thread for each append of a backlog costs a hundredth of the append. Where there can be none, the claim comes after it. */
    private static void onThreadOfItsOwn(Runnable append) {
        try {
            new Thread(append, Thread.currentThread().getName() + "-append").start();
        } catch (OutOfMemoryError noThread) {
            append.run();
        }
    }

    private void unlock(SimpleLock lock) {
        try {
            lock.unlock();
        } catch (RuntimeException e) {
            log.warn(
                    "The relay lock of partition {} could not be given back; it expires after {}: {}",
                    partition.number(),
                    settings.lockAtMostFor(),
                    getMostSpecificCause(e).toString());
        }
    }

    private void queueFailed(QueueUnavailableException e) {
        Duration next = breaker.untilNextTry();
        status.become(
                RelayState.WAITING,
                e.kind() + ": " + e.getMessage(),
                "The queue takes nothing from partition {}; messages wait in the outbox, registrations go on. Next try"
                        + " in " + (next.isZero() ? settings.interval() : next) + ", then less and less often, at least"
                        + " every " + settings.maxBackoff() + ".");
    }
}

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
 * and confined to that thread except for {@link #wake}, {@link #stop} and {@link #status}.
 */
final class PartitionRelay implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(PartitionRelay.class);

    /** Pause after another instance had the lock; doubled each time, up to the interval: 20 ms, 40 ms, 80 ms ... */
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
    private final RelayListeners listeners;
    private final RelayStatusTracker status;

    /** A permit says that a pass is wanted now. */
    private final Semaphore signal = new Semaphore(0);

    /** Zero: no step begins any more. */
    private final CountDownLatch untilStop = new CountDownLatch(1);

    /** How the last pass ended; null: there was none, or it failed. */
    private RelayPass.@Nullable Result last;

    /** Whether the queue has answered the pass under way. */
    private boolean queueAnswered;

    /** How many passes in a row another instance's lock has kept out while something was pending. */
    private int lockMisses;

    PartitionRelay(
            OutboxPartition partition,
            MessageQueue queue,
            ProducerId producer,
            QueueBreaker breaker,
            LockProvider locks,
            RelaySettings settings,
            Clock clock,
            RelayListeners listeners) {
        this.partition = partition;
        this.queue = queue;
        this.producer = producer;
        this.breaker = breaker;
        this.locks = locks;
        this.settings = settings;
        this.clock = clock;
        this.listeners = listeners;
        this.status = new RelayStatusTracker(partition.number(), clock, listeners);
    }

    /** Asks for a pass now, unless the breaker is open. However often this is called during a pass, one more follows. */
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

    /** The pass under way ends at its next step. Returns at once. */
    void stop() {
        untilStop.countDown();
        signalOnce();
    }

    private boolean isStopping() {
        return untilStop.getCount() == 0;
    }

    RelayStatus status() {
        return status.status();
    }

    boolean knowsQueue() {
        return status.knowsQueue(settings.maxPassDuration());
    }

    @Override
    public void run() {
        boolean woken = true;
        while (!isStopping()) {
            try {
                woken = passOrWait(woken) || awaitSignal(pause());
            } catch (Throwable e) {
                log.error("Partition {}: even the report of a failure failed.", partition.number(), e);
                LockSupport.parkNanos(settings.interval().toNanos());
                woken = true;
            }
        }
        status.shutDown();
    }

    /**
     * How long to wait. While the breaker is open: until its next try. While another instance has the lock and something is
     * pending: only briefly, because it may have been committed here just after the other one's last claim.
     */
    private Duration pause() {
        Duration untilNextTry = breaker.untilNextTry();
        if (!untilNextTry.isZero()) {
            return untilNextTry;
        }
        Duration soon = INITIAL_LOCK_BACKOFF.multipliedBy(1L << Math.min(lockMisses, 20) >> 1);
        return lockMisses == 0 || soon.compareTo(settings.interval()) > 0 ? settings.interval() : soon;
    }

    private boolean awaitSignal(Duration pause) {
        try {
            boolean signalled = signal.tryAcquire(pause.toNanos(), TimeUnit.NANOSECONDS);
            signal.drainPermits();
            return signalled;
        } catch (InterruptedException e) {
            stop();
            return false;
        }
    }

    private void awaitStop(Duration pause) {
        try {
            var unused = untilStop.await(pause.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stop();
        }
    }

    /**
     * One pass, with everything that can go wrong caught: without this thread nothing is delivered. Returns whether the next
     * pass is due at once.
     *
     * @param woken whether something is known to be pending
     */
    boolean passOrWait(boolean woken) {
        if (!breaker.tryAcquire()) {
            status.queueIsAway(breaker.lastFailure());
            return false;
        }
        RelayPass.Result before = last;
        last = null;
        queueAnswered = false;
        try {
            RelayPass.Result result = pass(woken, before);
            breaker.succeeded();
            last = result;
            status.passed(result);
            return result.state() == RelayState.DELIVERING || result.state() == RelayState.STARTING;
        } catch (QueueUnavailableException e) {
            breaker.failed(e);
            queueFailed(e);
        } catch (DataAccessException | TransactionException | LockException e) {
            endTrial();
            status.failed(
                    RelayState.FAILING,
                    RelayListener.DATABASE,
                    "database: " + getMostSpecificCause(e),
                    "The relay of partition {} cannot use the database; messages wait where they are, and it tries again"
                            + " every " + settings.interval() + ".");
        } catch (Throwable e) {
            endTrial();
            failedUnexpectedly(e);
        }
        return false;
    }

    /** The queue did not fail. A trial without an outcome would time out, and an open breaker would hide what failed. */
    private void endTrial() {
        if (queueAnswered) {
            breaker.succeeded();
        } else {
            breaker.released();
        }
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
        status.failed(
                RelayState.FAILING,
                RelayListener.OTHER,
                e.toString(),
                "The relay of partition {} failed; it tries again.");
    }

    /**
     * Looks at the queue first: an instance that cannot reach it must not hold its relay lock. Then, unless something is
     * known to be pending, checks whether there is anything to do. The deadline starts when the lock is asked for.
     */
    private RelayPass.Result pass(boolean woken, RelayPass.@Nullable Result before) {
        long start = System.nanoTime();
        Checkpoints look = queue.newestCheckpoint(producer);
        queueAnswered = true;
        status.depth(look.depth());
        ScanCursor remembered = before == null ? null : before.cursor();
        // An instance that must not relay leaves the lock to the others.
        if (before != null && before.state() == RelayState.NOT_RELAYING) {
            String refusal = partition.refusal(look.newest());
            if (refusal != null) {
                return new RelayPass.Result(RelayState.NOT_RELAYING, null, refusal);
            }
        }
        if (!woken && partition.isIdle(look.newest(), remembered)) {
            lockMisses = 0;
            return new RelayPass.Result(RelayState.IDLE, remembered, null);
        }
        long deadline = System.nanoTime() + settings.maxPassDuration().toNanos();
        Optional<SimpleLock> lock = locks.lock(new LockConfiguration(
                clock.instant(), "relay-" + partition.number(), settings.lockAtMostFor(), Duration.ZERO));
        if (lock.isEmpty()) {
            lockMisses = woken ? 1 : lockMisses + 1;
            return new RelayPass.Result(RelayState.STANDING_BY, remembered, null);
        }
        lockMisses = 0;
        try {
            BooleanSupplier timeIsLeft = () -> !isStopping() && System.nanoTime() - deadline < 0;
            var limits = new RelayPass.Limits(
                    settings.batchMessages(), settings.batchBytes().toBytes(), CLAIM_AHEAD_FROM);
            CommitLinger linger = new CommitLinger(this::awaitSignal, this::awaitStop);
            var appender = new BatchAppender(queue, producer, status, PartitionRelay::onThreadOfItsOwn);
            return new RelayPass(partition, queue, producer, limits, appender, timeIsLeft, linger, status)
                    .run(look, before);
        } finally {
            unlock(lock.get());
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            listeners.tell(listener -> listener.passEnded(partition.number(), took));
        }
    }

    /** A new thread costs a hundredth of such an append. If there can be none, the claim comes after the append. */
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
                    "The relay lock of partition {} could not be given back; only other instances have to wait, for up to {}: {}",
                    partition.number(),
                    settings.lockAtMostFor(),
                    getMostSpecificCause(e).toString());
        }
    }

    private void queueFailed(QueueUnavailableException e) {
        Duration next = breaker.untilNextTry();
        status.failed(
                RelayState.WAITING,
                e.kind().name().toLowerCase(Locale.ROOT),
                breaker.lastFailure(),
                "The queue takes nothing from partition {}; messages wait in the outbox, registrations go on. Next try"
                        + " in " + (next.isZero() ? settings.interval() : next) + ", then less and less often, at least"
                        + " every " + settings.maxBackoff() + ".");
    }
}

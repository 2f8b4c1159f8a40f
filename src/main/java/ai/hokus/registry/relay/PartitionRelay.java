package ai.hokus.registry.relay;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.Source;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
 * Relays one partition on this instance: a pass every interval, and one right after a commit. Confined to its thread but
 * for {@link #wake}, {@link #stop} and {@link #status}.
 */
final class PartitionRelay implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(PartitionRelay.class);

    /** Doubled with every look, up to the interval: 20 ms, 40 ms, 80 ms ... */
    private static final Duration FIRST_LOOK_AGAIN = Duration.ofMillis(20);

    /** How long a pass keeps the lock after the last message; messages closer together than this share one. */
    private static final Duration TRAFFIC_ENDS_AFTER = Duration.ofMillis(200);

    /**
     * What each message but the first of a batch adds to the wait before the next batch. A claim and an append cost about the
     * same for ten messages as for one, so where many come, fewer and larger batches leave the processors to those who write
     * them: by arithmetic, at 4,000 a second batches of 30 instead of 10. Where few come, and each is a batch, none waits.
     */
    private static final Duration COMPANY = Duration.ofNanos(250_000);

    /** The most that a message waits for company. */
    private static final Duration LONGEST_COMPANY = Duration.ofMillis(5);

    /** How often such a pass looks what other instances committed. */
    private static final Duration LOOK_WHILE_TRAFFIC = Duration.ofMillis(15);

    private final OutboxPartition partition;
    private final MessageQueue queue;
    private final Source source;
    private final QueueBreaker breaker;
    private final LockProvider locks;
    private final RelaySettings settings;
    private final RelayPass.PassLimits limits;
    private final Clock clock;
    private final RelayListener listener;
    private final PassObserver observer = new Observer();
    private final Semaphore signal = new Semaphore(0);
    /** Written by the relay's thread alone. */
    private volatile RelayStatus status;

    private volatile boolean stopping;

    /** Ends a wait that commits do not end. */
    private final CountDownLatch stopped = new CountDownLatch(1);

    /** Passes in a row that another instance's lock kept out, with something pending. */
    private int lostRaces;

    PartitionRelay(
            OutboxPartition partition,
            MessageQueue queue,
            Source source,
            QueueBreaker breaker,
            LockProvider locks,
            RelaySettings settings,
            RelayPass.PassLimits limits,
            Clock clock,
            RelayListener listener) {
        this.partition = partition;
        this.queue = queue;
        this.source = source;
        this.breaker = breaker;
        this.locks = locks;
        this.settings = settings;
        this.limits = limits;
        this.clock = clock;
        this.listener = listener;
        this.status = new RelayStatus(partition.number(), RelayState.STARTING, clock.instant(), null, null, null, -1);
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
        return status;
    }

    /** Passes until it is stopped. */
    @Override
    public void run() {
        boolean woken = true;
        while (!stopping) {
            boolean goOn = passOrWait(woken);
            woken = goOn || awaitSignal(pause());
        }
        become(RelayState.STOPPED, null, "The relay of partition {} stops; what is pending waits in the outbox.");
    }

    /**
     * Until the next try where the queue is left alone. While another instance has the lock and something is pending, it is
     * looked soon whether that instance saw it: it may have committed here just after the other one's last claim.
     */
    private Duration pause() {
        Duration untilNextTry = breaker.untilNextTry();
        if (!untilNextTry.isZero()) {
            return untilNextTry;
        }
        Duration soon = FIRST_LOOK_AGAIN.multipliedBy(1L << Math.min(lostRaces, 20) >> 1);
        return lostRaces == 0 || soon.compareTo(settings.interval()) > 0 ? settings.interval() : soon;
    }

    /** Whether the signal came, and not the end of the pause. */
    private boolean awaitSignal(Duration longest) {
        try {
            boolean signalled = signal.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS);
            signal.drainPermits();
            return signalled;
        } catch (InterruptedException e) {
            stopping = true;
            return false;
        }
    }

    private void awaitStop(Duration longest) {
        try {
            var unused = stopped.await(longest.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            stopping = true;
        }
    }

    /** How long others may join the messages that came since a batch of this size was claimed. */
    static Duration company(int batch) {
        Duration company = COMPANY.multipliedBy(Math.max(0, batch - 1));
        return company.compareTo(LONGEST_COMPANY) > 0 ? LONGEST_COMPANY : company;
    }

    /**
     * One pass, with everything that can go wrong caught: the schedule survives.
     *
     * @param woken whether something is known to be pending
     * @return whether the next pass is due at once
     */
    boolean passOrWait(boolean woken) {
        if (!breaker.tryAcquire()) {
            return false;
        }
        try {
            boolean goOn = pass(woken);
            breaker.succeeded();
            passed();
            return goOn;
        } catch (QueueUnavailableException e) {
            breaker.failed(e);
            queueFailed(e);
            listener.failed(partition.number(), e.kind().name().toLowerCase(Locale.ROOT));
        } catch (DataAccessException | TransactionException | LockException e) {
            breaker.released();
            become(
                    RelayState.FAILING,
                    "database: " + getMostSpecificCause(e),
                    "The relay of partition {} cannot use the database; messages wait where they are, and it tries again"
                            + " every " + settings.interval() + ".");
            listener.failed(partition.number(), RelayListener.DATABASE);
        } catch (RuntimeException | LinkageError | AssertionError | OutOfMemoryError | StackOverflowError e) {
            breaker.released();
            if (!failsWith(e.toString())) {
                log.error(
                        "Unforeseen, in the relay of partition {}: no message is lost, the next pass finds out what the"
                                + " queue has.",
                        partition.number(),
                        e);
            }
            become(RelayState.FAILING, e.toString(), "The relay of partition {} failed; it tries again.");
            listener.failed(partition.number(), RelayListener.OTHER);
        }
        return false;
    }

    /** Whether the pass before ended in the same way: once is enough to say so, passes come every second. */
    private boolean failsWith(String error) {
        RelayStatus now = status;
        return now.state() == RelayState.FAILING && error.equals(now.lastError());
    }

    /**
     * Looks at the queue first: an instance that cannot reach it must not hold a partition's lock. Then, unless something
     * is known to be pending, whether there is anything to do. The deadline starts before the lock is asked for.
     */
    private boolean pass(boolean woken) {
        long start = System.nanoTime();
        long deadline = start + settings.passLimit().toNanos();
        Checkpoints look = queue.checkpoints(source, 1);
        observer.depth(look.depth());
        if (!woken && partition.settled(newest(look))) {
            lostRaces = 0;
            return ended(RelayPass.Outcome.DRAINED);
        }
        Optional<SimpleLock> lock = locks.lock(new LockConfiguration(
                clock.instant(), "relay-" + partition.number(), settings.lockAtMostFor(), Duration.ZERO));
        if (lock.isEmpty()) {
            lostRaces = woken ? 1 : lostRaces + 1;
            become(RelayState.STANDING_BY, null, "Another instance relays partition {}; this one stands by.");
            return false;
        }
        lostRaces = 0;
        try {
            BooleanSupplier timeIsLeft = () -> !stopping && System.nanoTime() - deadline < 0;
            return ended(new RelayPass(partition, queue, source, limits, timeIsLeft, new CommitTraffic(), observer)
                    .run(look));
        } finally {
            unlock(lock.get());
            listener.passEnded(partition.number(), Duration.ofNanos(System.nanoTime() - start));
        }
    }

    private static @Nullable String newest(Checkpoints look) {
        return look.newestFirst().isEmpty() ? null : look.newestFirst().get(0);
    }

    private void unlock(SimpleLock lock) {
        try {
            lock.unlock();
        } catch (RuntimeException e) {
            log.warn(
                    "The lock of partition {} could not be given back; it frees itself after {}: {}",
                    partition.number(),
                    settings.lockAtMostFor(),
                    getMostSpecificCause(e).toString());
        }
    }

    private boolean ended(RelayPass.Outcome outcome) {
        return switch (outcome) {
            case DRAINED -> {
                become(RelayState.IDLE, null, "Partition {}: everything is in the queue.");
                yield false;
            }
            case OUT_OF_TIME -> {
                become(RelayState.DELIVERING, null, "Partition {}: delivering.");
                yield true;
            }
            case QUEUE_FULL -> {
                become(
                        RelayState.QUEUE_FULL,
                        null,
                        "Partition {}: the queue is at its capacity; messages wait in the outbox until consumers make room.");
                yield false;
            }
            case PAUSED -> {
                become(RelayState.PAUSED, null, "Partition {} is paused by an operator; messages wait in the outbox.");
                yield false;
            }
            case DIVERGED -> {
                become(
                        RelayState.DIVERGED,
                        null,
                        "Partition {} is stopped: Redis again holds a checkpoint that is not in this database's history."
                                + " Does a copy of this database run against the same Redis? Messages wait in the outbox"
                                + " until an operator decides.");
                yield false;
            }
        };
    }

    private void queueFailed(QueueUnavailableException e) {
        Duration next = breaker.untilNextTry();
        become(
                RelayState.WAITING,
                e.kind() + ": " + e.getMessage(),
                "The queue takes nothing from partition {}; messages wait in the outbox, registrations go on. Next try"
                        + " in " + (next.isZero() ? settings.interval() : next) + ", then ever more rarely, at least"
                        + " every " + settings.longestWait() + ".");
    }

    private void passed() {
        status = status.withPassAt(clock.instant());
    }

    /** The one place where the state changes; a change is logged, staying is not. */
    private void become(RelayState state, @Nullable String error, String logLine) {
        RelayStatus before = status;
        Instant now = clock.instant();
        boolean changed = before.state() != state;
        status = new RelayStatus(
                before.partition(),
                state,
                changed ? now : before.since(),
                before.lastPassAt(),
                error == null ? before.lastError() : error,
                error == null ? before.lastErrorAt() : now,
                before.queueDepth());
        if (!changed) {
            return;
        }
        switch (state) {
            case WAITING, FAILING -> log.warn(logLine + " Cause: {}", partition.number(), error);
            case QUEUE_FULL -> log.warn(logLine, partition.number());
            case DIVERGED -> log.error(logLine, partition.number());
            case IDLE, DELIVERING, STANDING_BY -> {
                if (isTrouble(before.state())) {
                    log.info(logLine, partition.number());
                } else {
                    log.debug(logLine, partition.number());
                }
            }
            default -> log.info(logLine, partition.number());
        }
    }

    private static boolean isTrouble(RelayState state) {
        return switch (state) {
            case WAITING, QUEUE_FULL, FAILING, PAUSED, DIVERGED -> true;
            default -> false;
        };
    }

    /** Of one pass. */
    private final class CommitTraffic implements Traffic {

        private long endsAt = System.nanoTime();
        private int lastBatch;

        @Override
        public void seen(int messages) {
            endsAt = System.nanoTime() + TRAFFIC_ENDS_AFTER.toNanos();
            lastBatch = messages;
        }

        @Override
        public boolean goesOn() {
            return System.nanoTime() - endsAt < 0;
        }

        @Override
        public boolean awaitCommit() {
            awaitStop(company(lastBatch));
            lastBatch = 0;
            return awaitSignal(LOOK_WHILE_TRAFFIC);
        }
    }

    private final class Observer implements PassObserver {

        @Override
        public void progressed(ClaimResult.Progress progress) {
            ClaimResult.Rewind rewind = progress.rewind();
            if (rewind == null) {
                return;
            }
            if (rewind.diverged()) {
                log.error(
                        "Partition {}: {}. Was the database restored, or does a copy of it run against the same Redis?"
                                + " Healed by itself this once; it stops the partition if it happens again soon.",
                        partition.number(),
                        rewind.reason());
            }
            if (rewind.from() > rewind.to()) {
                log.warn(
                        "Partition {}: {}; {} messages, positions {} to {}, are sent again with their old message_ids.",
                        partition.number(),
                        rewind.reason(),
                        rewind.from() - rewind.to(),
                        rewind.to() + 1,
                        rewind.from());
                listener.rewound(partition.number(), rewind.from() - rewind.to());
            }
        }

        /** What fits into the room that a consumer made does not end the back-pressure: the end of the pass tells. */
        @Override
        public void appended(List<OutboxMessage> messages, Duration took) {
            if (status.state() != RelayState.QUEUE_FULL) {
                become(RelayState.DELIVERING, null, "Partition {}: delivering.");
            }
            listener.appended(
                    partition.number(),
                    messages.stream().map(OutboxMessage::createdAt).toList(),
                    took);
        }

        @Override
        public void parked(OutboxMessage message, String error) {
            log.error(
                    "Partition {}: the queue refuses message {} of {} alone ({}). It is parked and skipped, all others"
                            + " flow; an operator requeues or discards it.",
                    partition.number(),
                    message.messageId(),
                    message.key(),
                    error);
            listener.parked(partition.number());
        }

        @Override
        public void depth(long elements) {
            status = status.withQueueDepth(elements);
        }

        @Override
        public void warned(String warning) {
            log.warn("Partition {}: appended, but: {}", partition.number(), warning);
        }
    }
}

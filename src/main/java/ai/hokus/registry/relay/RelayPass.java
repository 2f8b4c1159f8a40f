package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.Checkpoint;
import ai.hokus.registry.outbox.ClaimRequest;
import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.ObservedCheckpoints;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.outbox.ScanCursor;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass over one partition: look, claim, append, handle the answer, and so on until nothing is pending. The package's
 * documentation says why this is enough.
 *
 * <p>Used once, by one thread. No transaction is open during a call of the queue.
 */
final class RelayPass {

    /** How a pass ended, the state that this means, and what the log says when it begins. */
    enum Outcome {
        /** Nothing is pending. */
        DRAINED(RelayState.IDLE, "Partition {}: everything is in the queue."),
        /** Time was up, or the service stops; more may be pending. */
        OUT_OF_TIME(RelayState.DELIVERING, "Partition {}: delivering."),
        /** Another instance has the lock. */
        LOCKED_OUT(RelayState.STANDING_BY, "Another instance relays partition {}; this one stands by."),
        /** The queue is at its capacity. */
        QUEUE_FULL(
                RelayState.QUEUE_FULL,
                "Partition {}: the queue is at its capacity; messages wait in the outbox until consumers make room."),
        /** An operator paused the partition. */
        PAUSED(RelayState.PAUSED, "Partition {} is paused by an operator; messages wait in the outbox."),
        /** Another copy of the database delivers to the same queue. */
        STOPPED(
                RelayState.STOPPED,
                "Partition {} is stopped: for the second time within an hour Redis holds checkpoints that another copy of"
                        + " this database wrote. Does a copy run against the same Redis? Messages wait in the outbox until"
                        + " an operator releases the partition."),
        /** This instance is configured for another queue or environment. */
        NOT_RELAYING(
                RelayState.NOT_RELAYING,
                "Partition {}: this instance accepts registrations, but does not deliver them."),
        /** A later release wrote the queue's newest checkpoint. */
        UNREADABLE_CHECKPOINT(
                RelayState.WAITING,
                "Partition {}: the queue's newest checkpoint cannot be read; messages wait in the outbox. Is a later release"
                        + " running? Then stop this one.");

        private final RelayState state;
        private final String logLine;

        Outcome(RelayState state, String logLine) {
            this.state = state;
            this.logLine = logLine;
        }

        RelayState state() {
            return state;
        }

        String logLine() {
            return logLine;
        }

        /** What operators see as the last error; null: it is none. */
        @Nullable
        String error(@Nullable String detail) {
            return this == UNREADABLE_CHECKPOINT ? "unknown checkpoint version: " + detail : detail;
        }
    }

    /**
     * How a pass ended, and what the next one should know.
     *
     * @param cursor null: nothing is remembered
     * @param detail for the operators; null: the outcome says it all
     */
    record Result(
            Outcome outcome,
            @Nullable ScanCursor cursor,
            @Nullable String detail) {}

    /** Limits of one append. */
    record Limits(int batchMessages, long batchBytes) {}

    /** Every multiple of this many positions leaves a checkpoint that is kept longer than the others. */
    private static final int MILESTONE_INTERVAL = 1_000;

    /**
     * What the pass knows between two steps. Immutable.
     *
     * @param seen the queue's checkpoints
     * @param confirmedAt see {@link ClaimRequest}
     * @param cursor null: nothing is remembered
     * @param maxMessages of the next append
     */
    private record View(
            ObservedCheckpoints seen,
            @Nullable Long confirmedAt,
            @Nullable ScanCursor cursor,
            int maxMessages) {

        View saw(ObservedCheckpoints checkpoints) {
            return new View(checkpoints, null, cursor, maxMessages);
        }

        View confirmed(long at) {
            return new View(seen, at, cursor, maxMessages);
        }

        View with(@Nullable ScanCursor next) {
            return new View(seen, confirmedAt, next, maxMessages);
        }

        View limitedTo(int messages) {
            return new View(seen, null, cursor, messages);
        }
    }

    private final OutboxPartition partition;
    private final MessageQueue queue;
    private final ProducerId producer;
    private final Limits limits;
    private final BooleanSupplier timeIsLeft;
    private final LingerPolicy linger;
    private final PassObserver observer;

    /**
     * @param timeIsLeft asked before every step; false ends the pass
     * @param linger whether to stay when nothing is pending
     */
    RelayPass(
            OutboxPartition partition,
            MessageQueue queue,
            ProducerId producer,
            Limits limits,
            BooleanSupplier timeIsLeft,
            LingerPolicy linger,
            PassObserver observer) {
        this.partition = partition;
        this.queue = queue;
        this.producer = producer;
        this.limits = limits;
        this.timeIsLeft = timeIsLeft;
        this.linger = linger;
        this.observer = observer;
    }

    /**
     * Works until nothing is pending, or time is up.
     *
     * @param look the newest checkpoint, looked at before the lock was asked for: if it is old by now, the queue says so
     * @param before how the pass before ended; null: not known. After a full queue, the first append has one message: enough to
     *     find out whether there is room
     * @throws QueueUnavailableException when the queue takes nothing now
     * @throws org.springframework.dao.DataAccessException when the database fails; in both cases every message is still
     *     where it was, and the next pass finds out what the queue has. Nothing is to be remembered then
     */
    Result run(Checkpoints look, @Nullable Result before) {
        boolean wasFull = before != null && before.outcome() == Outcome.QUEUE_FULL;
        View view = new View(
                newest(look), null, before == null ? null : before.cursor(), wasFull ? 1 : limits.batchMessages());
        while (timeIsLeft.getAsBoolean()) {
            ClaimResult claim = partition.claim(new ClaimRequest(
                    view.seen(), view.confirmedAt(), view.cursor(), view.maxMessages(), limits.batchBytes()));
            if (claim instanceof ClaimResult.Claimed claimed) {
                observer.progressed(claimed.progress());
                linger.onClaimed(claimed.messages().size());
                AppendResult answer = append(view, claimed);
                if (answer instanceof AppendResult.Full full && full.room() == 0) {
                    return new Result(Outcome.QUEUE_FULL, claimed.cursor(), null);
                }
                view = afterAppend(view.with(claimed.cursor()), claimed, answer);
            } else if (claim instanceof ClaimResult.NothingPending nothing) {
                observer.progressed(nothing.progress());
                view = view.with(nothing.cursor());
                if (nothing.drained() && !awaitMore(view)) {
                    return new Result(Outcome.DRAINED, view.cursor(), null);
                }
            } else if (claim instanceof ClaimResult.LookAgain lookAgain) {
                view = lookAgain(view, lookAgain);
            } else if (claim instanceof ClaimResult.Halted halted && halted.fence() != null) {
                observer.progressed(halted.progress());
                view = fence(view, halted.fence());
            } else {
                return ended(view, claim);
            }
        }
        return new Result(Outcome.OUT_OF_TIME, view.cursor(), null);
    }

    private Result ended(View view, ClaimResult claim) {
        if (claim instanceof ClaimResult.Halted halted) {
            observer.progressed(halted.progress());
            Outcome outcome = halted.state() == PartitionState.PAUSED ? Outcome.PAUSED : Outcome.STOPPED;
            return new Result(outcome, view.cursor(), null);
        }
        return claim instanceof ClaimResult.NotRelaying refusal
                ? new Result(Outcome.NOT_RELAYING, null, refusal.reason())
                : new Result(Outcome.UNREADABLE_CHECKPOINT, null, ((ClaimResult.UnreadableCheckpoint) claim).text());
    }

    /** A second look, with no transaction open, at all checkpoints. */
    private View lookAgain(View view, ClaimResult.LookAgain lookAgain) {
        Checkpoints all = queue.allCheckpoints(producer);
        observer.depth(all.depth());
        View looked = view.saw(new ObservedCheckpoints(all.newestFirst(), all.milestones(), true));
        return Objects.equals(view.seen().newest(), looked.seen().newest())
                ? looked.confirmed(lookAgain.confirmation())
                : looked;
    }

    private AppendResult append(View view, ClaimResult.Claimed claimed) {
        List<OutboxMessage> sent = claimed.messages().stream()
                .filter(message -> !message.withheld())
                .toList();
        List<QueueEntry> entries = sent.stream().map(Envelope::of).toList();
        boolean milestone =
                claimed.lastPosition() / MILESTONE_INTERVAL > (claimed.firstPosition() - 1) / MILESTONE_INTERVAL;
        Append append = new Append(view.seen().newest(), claimed.checkpoint().toString(), milestone, entries);
        long start = System.nanoTime();
        AppendResult answer = queue.append(producer, append);
        if (answer instanceof AppendResult.Appended) {
            observer.appended(sent, Duration.ofNanos(System.nanoTime() - start));
        }
        return answer;
    }

    private View afterAppend(View view, ClaimResult.Claimed claimed, AppendResult answer) {
        if (answer instanceof AppendResult.Appended) {
            if (!claimed.more() && linger.shouldLinger()) {
                linger.awaitCommit(); // the claim that acknowledges this one then takes what came
            }
            return answered(view, answer, claimed.checkpoint().toString()).limitedTo(limits.batchMessages());
        }
        View next = answered(view, answer, null);
        if (answer instanceof AppendResult.Full full) {
            return next.limitedTo((int) Math.min(full.room(), view.maxMessages()));
        }
        if (answer instanceof AppendResult.Refused refused) {
            int size = claimed.messages().size();
            return size > 1 || !timeIsLeft.getAsBoolean()
                    ? next.limitedTo(Math.max(1, size / 2))
                    : park(next, claimed, refused.error());
        }
        return next;
    }

    /**
     * Parks one message that the queue refused alone.
     *
     * <ol>
     *   <li>An empty append that moves nothing: does the queue take anything at all? If not, it is not the message.
     *   <li>Record it. No record, no skip: it may have been delivered meanwhile.
     *   <li>Skip it: an empty append with its checkpoint.
     * </ol>
     */
    private View park(View view, ClaimResult.Claimed claimed, String error) {
        String place = view.seen().newest() == null
                ? claimed.originCheckpoint().toString()
                : view.seen().newest();
        View probed = appendNothing(view, place, error);
        if (!Objects.equals(probed.seen().newest(), place)) {
            return probed;
        }
        if (!partition.park(claimed, error)) {
            return probed.saw(newest(queue.newestCheckpoint(producer)));
        }
        String skip = claimed.skipCheckpoint().toString();
        View skipped = appendNothing(probed, skip, error);
        if (!Objects.equals(skipped.seen().newest(), skip)) {
            return skipped;
        }
        observer.parked(claimed.messages().get(0), error);
        return skipped.limitedTo(limits.batchMessages());
    }

    private View appendNothing(View view, String checkpoint, String before) {
        AppendResult answer = queue.append(producer, new Append(view.seen().newest(), checkpoint, false, List.of()));
        if (answer instanceof AppendResult.Refused refused) {
            throw new QueueUnavailableException(
                    QueueUnavailableException.Cause.OTHER,
                    "the queue refuses everything, an empty append too: " + refused.error() + " (before: " + before
                            + ")",
                    null);
        }
        return answered(view, answer, checkpoint);
    }

    /** Makes every append that is under way fail. The claim that sees the fence records it. */
    private View fence(View view, Checkpoint fence) {
        Append append = new Append(view.seen().newest(), fence.toString(), false, List.of());
        return answered(view, queue.append(producer, append), fence.toString());
    }

    /** With nothing pending: waits as long as messages keep coming. */
    private boolean awaitMore(View view) {
        while (linger.shouldLinger() && timeIsLeft.getAsBoolean()) {
            if (linger.awaitCommit() || !partition.isIdle(view.seen().newest(), view.cursor())) {
                return true;
            }
        }
        return false;
    }

    /**
     * @param checkpoint the newest one if this was appended
     */
    private View answered(View view, AppendResult answer, @Nullable String checkpoint) {
        if (answer instanceof AppendResult.Appended done) {
            observer.depth(done.depth());
            done.warnings().forEach(observer::warned);
            return view.saw(ObservedCheckpoints.newest(checkpoint));
        }
        if (answer instanceof AppendResult.Full full) {
            observer.depth(full.depth());
        }
        return answer instanceof AppendResult.Stale stale ? view.saw(ObservedCheckpoints.newest(stale.newest())) : view;
    }

    private ObservedCheckpoints newest(Checkpoints look) {
        observer.depth(look.depth());
        List<String> newestFirst = look.newestFirst();
        return ObservedCheckpoints.newest(newestFirst.isEmpty() ? null : newestFirst.get(0));
    }
}

package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.Checkpoint;
import ai.hokus.registry.outbox.ClaimRequest;
import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.ObservedCheckpoints;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.outbox.ScanCursor;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** One pass over one partition. Used once, by one thread. Every step first asks whether {@code timeIsLeft}. */
record RelayPass(
        OutboxPartition partition,
        MessageQueue queue,
        ProducerId producer,
        Limits limits,
        BatchAppender appender,
        BooleanSupplier timeIsLeft,
        LingerPolicy linger,
        PassObserver observer) {

    /**
     * How a pass ended, and what the next one should know.
     *
     * @param state {@link RelayState#DELIVERING}: time was up, or the service stops; more may be pending
     * @param detail what operators see as the last error
     * @param maxMessages of the next append, if that is less than {@link Limits#batchMessages}
     */
    record Result(
            RelayState state,
            @Nullable ScanCursor cursor,
            @Nullable String detail,
            int maxMessages) {

        Result(RelayState state, @Nullable ScanCursor cursor, @Nullable String detail) {
            this(state, cursor, detail, Integer.MAX_VALUE);
        }
    }

    /** Of one append. A batch of {@code claimAheadFrom} messages or more is appended while the next one is claimed. */
    record Limits(int batchMessages, long batchBytes, int claimAheadFrom) {}

    /** What the pass knows between two steps; {@code confirmedDeliveryNo} is for the next claim only. */
    private record Knowledge(
            ObservedCheckpoints seen,
            @Nullable Long confirmedDeliveryNo,
            @Nullable ScanCursor cursor,
            int maxMessages) {

        Knowledge saw(@Nullable String newest) {
            return new Knowledge(ObservedCheckpoints.newest(newest), null, cursor, maxMessages);
        }

        Knowledge with(@Nullable ScanCursor next) {
            return new Knowledge(seen, null, next, maxMessages);
        }

        Knowledge limitedTo(int messages) {
            return new Knowledge(seen, null, cursor, messages);
        }
    }

    /**
     * Works until nothing is pending, or time is up. After an exception the next pass must begin without a cursor.
     *
     * @param look read before the lock was asked for; if it is outdated by now, the queue says so
     * @param before how the previous pass ended; null: not known
     * @throws QueueUnavailableException when the queue takes nothing now
     * @throws org.springframework.dao.DataAccessException when the database fails
     */
    Result run(Checkpoints look, @Nullable Result before) {
        Knowledge known = new Knowledge(
                ObservedCheckpoints.newest(look.newest()),
                null,
                before == null ? null : before.cursor(),
                before == null ? limits.batchMessages() : Math.min(before.maxMessages(), limits.batchMessages()));
        ClaimResult ahead = null;
        boolean compared = false;
        while (timeIsLeft.getAsBoolean()) {
            ClaimResult claim = ahead instanceof ClaimResult.Claimed ? ahead : claim(known, null);
            ahead = null;
            compared |= !(claim instanceof ClaimResult.LookAgain);
            if (claim instanceof ClaimResult.Claimed claimed) {
                linger.onClaimed(claimed.messages().size());
                BatchAppender.Answer answer = append(known, claimed);
                if (answer.result() instanceof AppendResult.Full full && full.remainingCapacity() == 0) {
                    return new Result(
                            RelayState.QUEUE_FULL, claimed.cursor(), null, 1); // one shows whether there is room
                }
                known = afterAppend(known.with(claimed.cursor()), claimed, answer.result());
                ahead = answer.result() instanceof AppendResult.Appended ? answer.ahead() : null;
            } else if (claim instanceof ClaimResult.NothingPending nothing) {
                known = known.with(nothing.cursor());
                if (nothing.drained() && !awaitMore(known)) {
                    return new Result(RelayState.IDLE, known.cursor(), null);
                }
            } else if (claim instanceof ClaimResult.LookAgain lookAgain) {
                known = lookAgain(known, lookAgain);
            } else if (claim instanceof ClaimResult.Halted halted && halted.fence() != null) {
                known = appendNothing(known, halted.fence().toString(), "it was a fence");
            } else {
                return ended(known, claim);
            }
        }
        return new Result(
                compared ? RelayState.DELIVERING : RelayState.STARTING, known.cursor(), null, known.maxMessages());
    }

    /** @param appending see {@link ClaimRequest} */
    private ClaimResult claim(Knowledge known, @Nullable Checkpoint appending) {
        ClaimResult claim = partition.claim(new ClaimRequest(
                known.seen(),
                known.confirmedDeliveryNo(),
                appending,
                known.cursor(),
                known.maxMessages(),
                limits.batchBytes()));
        observer.claimed(claim);
        return claim;
    }

    private Result ended(Knowledge known, ClaimResult claim) {
        if (claim instanceof ClaimResult.Halted halted) {
            RelayState state = halted.state() == PartitionState.PAUSED ? RelayState.PAUSED : RelayState.STOPPED;
            return new Result(state, known.cursor(), null);
        }
        return new Result(RelayState.NOT_RELAYING, null, ((ClaimResult.NotRelaying) claim).reason());
    }

    private Knowledge lookAgain(Knowledge known, ClaimResult.LookAgain lookAgain) {
        Checkpoints all = queue.allCheckpoints(producer);
        observer.depth(all.depth());
        ObservedCheckpoints seen = new ObservedCheckpoints(all.newestFirst(), all.milestones(), true);
        Long confirmed = Objects.equals(known.seen().newest(), seen.newest()) ? lookAgain.deliveryNo() : null;
        return new Knowledge(seen, confirmed, known.cursor(), known.maxMessages());
    }

    private BatchAppender.Answer append(Knowledge known, ClaimResult.Claimed claimed) {
        String newest = known.seen().newest();
        boolean alone = !claimed.more()
                || claimed.messages().size() < limits.claimAheadFrom()
                || known.maxMessages() < limits.batchMessages()
                || !timeIsLeft.getAsBoolean();
        if (alone) {
            return new BatchAppender.Answer(appender.append(newest, claimed), null);
        }
        return appender.appendWhile(newest, claimed, () -> claim(known.with(claimed.cursor()), claimed.checkpoint()));
    }

    private Knowledge afterAppend(Knowledge known, ClaimResult.Claimed claimed, AppendResult answer) {
        Knowledge next = answered(known, answer, claimed.checkpoint().toString());
        if (answer instanceof AppendResult.Appended) {
            if (!claimed.more() && linger.shouldLinger()) {
                linger.awaitCommit(); // the claim that acknowledges this one then takes what came
            }
            return next.limitedTo(limits.batchMessages());
        }
        if (answer instanceof AppendResult.Full full) {
            return next.limitedTo((int) Math.min(full.remainingCapacity(), known.maxMessages()));
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
     *   <li>An empty append that moves nothing: does the queue take anything at all? If not, the message is not to blame.
     *   <li>Record it. Without the record there is no skip: the message may have been delivered meanwhile.
     *   <li>Skip it: an empty append with its checkpoint.
     * </ol>
     */
    private Knowledge park(Knowledge known, ClaimResult.Claimed claimed, String error) {
        String place = Objects.requireNonNullElseGet(
                known.seen().newest(), () -> claimed.originCheckpoint().toString());
        Knowledge probed = appendNothing(known, place, error);
        if (!Objects.equals(probed.seen().newest(), place)) {
            return probed;
        }
        if (!partition.park(claimed, error)) {
            Checkpoints look = queue.newestCheckpoint(producer);
            observer.depth(look.depth());
            return probed.saw(look.newest());
        }
        String skip = claimed.skipCheckpoint().toString();
        Knowledge skipped = appendNothing(probed, skip, error);
        if (!Objects.equals(skipped.seen().newest(), skip)) {
            return skipped;
        }
        observer.parked(claimed.messages().get(0), error);
        return skipped.limitedTo(limits.batchMessages());
    }

    /** Appends a checkpoint alone: a probe, a skip or a fence. {@code before} tells operators what it was for. */
    private Knowledge appendNothing(Knowledge known, String checkpoint, String before) {
        AppendResult answer = queue.append(producer, new Append(known.seen().newest(), checkpoint, false, List.of()));
        if (answer instanceof AppendResult.Refused refused) {
            throw new QueueUnavailableException(
                    QueueUnavailableException.Cause.OTHER,
                    "the queue refuses everything, an empty append too: " + refused.error() + " (before: " + before
                            + ")",
                    null);
        }
        return answered(known, answer, checkpoint);
    }

    /** When nothing is pending: waits as long as messages keep coming. Returns whether there may be something to claim. */
    private boolean awaitMore(Knowledge known) {
        while (linger.shouldLinger() && timeIsLeft.getAsBoolean()) {
            if (linger.awaitCommit() || !partition.isIdle(known.seen().newest(), known.cursor())) {
                return true;
            }
        }
        return false;
    }

    /** @param checkpoint the newest one if this was appended */
    private Knowledge answered(Knowledge known, AppendResult answer, String checkpoint) {
        if (answer instanceof AppendResult.Appended done) {
            observer.depth(done.depth());
            done.warnings().forEach(observer::warned);
            return known.saw(checkpoint);
        }
        if (answer instanceof AppendResult.Full full) {
            observer.depth(full.depth());
        }
        return answer instanceof AppendResult.Stale stale ? known.saw(stale.newest()) : known;
    }
}

package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.Checkpoint;
import ai.hokus.registry.outbox.ClaimRequest;
import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.Scan;
import ai.hokus.registry.outbox.Sighting;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.PendingAppend;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.Source;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;

/**
 * One pass over one partition: look, claim, append, claim with what the append said, and so on until nothing is pending.
 * While an append is under way, the next batch is claimed.
 * The essay beside this class, in the package's documentation, says why this is enough.
 *
 * <p>Used once, by one thread. No transaction is open during a call of the queue.
 */
final class RelayPass {

    /** How a pass ended. */
    enum Outcome {
        /** Nothing is pending. */
        DRAINED,
        /** Time was up, or the service stops; more may be pending. */
        OUT_OF_TIME,
        /** The queue is at its capacity; consumers make room. */
        QUEUE_FULL,
        /** An operator paused the partition. */
        PAUSED,
        /** An operator must decide about a divergence. */
        DIVERGED
    }

    private final OutboxPartition partition;
    private final MessageQueue queue;
    private final Source source;
    private final PassLimits limits;
    private final BooleanSupplier timeIsLeft;
    private final Traffic traffic;
    private final PassObserver observer;

    private Sighting seen = Sighting.newest(null);
    private boolean confirmed;
    private Scan scan = Scan.NEW;
    private int maxMessages;
    private ClaimRequest.Appended appended = ClaimRequest.Appended.NOTHING;

    /**
     * What a pass takes at once.
     *
     * @param checkpoints how many checkpoints the queue keeps
     * @param relay the name under which the pass records what it did
     */
    record PassLimits(int batchMessages, long batchBytes, int checkpoints, String relay) {}

    /**
     * @param timeIsLeft asked before every step; false ends the pass
     * @param traffic whether to stay when nothing is pending
     */
    RelayPass(
            OutboxPartition partition,
            MessageQueue queue,
            Source source,
            PassLimits limits,
            BooleanSupplier timeIsLeft,
            Traffic traffic,
            PassObserver observer) {
        this.partition = partition;
        this.queue = queue;
        this.source = source;
        this.limits = limits;
        this.timeIsLeft = timeIsLeft;
        this.traffic = traffic;
        this.observer = observer;
        this.maxMessages = limits.batchMessages();
    }

    /**
     * Works until nothing is pending, or time is up.
     *
     * @param look the newest checkpoint, looked at before the lock was asked for: if it is old by now, the queue says so
     * @throws QueueUnavailableException when the queue takes nothing now
     * @throws org.springframework.dao.DataAccessException when the database fails; in both cases every message is still
     *     where it was, and the next pass finds out what the queue has
     */
    Outcome run(Checkpoints look) {
        see(look);
        while (timeIsLeft.getAsBoolean()) {
            ClaimResult claim = partition.claim(request(null));
            if (claim instanceof ClaimResult.Claimed claimed) {
                observer.progressed(claimed.progress());
                if (!deliver(claimed)) {
                    return Outcome.QUEUE_FULL;
                }
            } else if (claim instanceof ClaimResult.NothingPending nothing) {
                observer.progressed(nothing.progress());
                if (nothing.walkBegan() && !more()) {
                    return Outcome.DRAINED;
                }
                scan = Scan.NEW;
            } else if (claim instanceof ClaimResult.Stopped stopped) {
                observer.progressed(stopped.progress());
                return switch (stopped.state()) {
                    case PAUSED -> Outcome.PAUSED;
                    case DIVERGED -> Outcome.DIVERGED;
                    case RUNNING -> throw new IllegalStateException("a running partition stops nobody");
                };
            } else if (claim instanceof ClaimResult.UnknownCheckpoint) {
                lookAtAll();
            } else if (claim instanceof ClaimResult.WouldRewind) {
                String before = seen.newest();
                lookAtAll();
                confirmed = Objects.equals(before, seen.newest());
            }
        }
        return Outcome.OUT_OF_TIME;
    }

    private ClaimRequest request(ClaimRequest.@Nullable UnderWay underWay) {
        return new ClaimRequest(
                seen, confirmed, scan, maxMessages, limits.batchBytes(), appended, underWay, limits.relay());
    }

    /**
     * Appends what was claimed, and what was claimed while that was under way, and so on as long as there is more.
     *
     * @return false: the queue is full
     */
    private boolean deliver(ClaimResult.Claimed first) {
        ClaimResult.Claimed batch = first;
        while (true) {
            scan = batch.next();
            long start = System.nanoTime();
            List<OutboxMessage> messages = batch.messages();
            traffic.seen(messages.size());
            PendingAppend sent = send(messages);
            ClaimResult.Claimed ahead = batch.more() ? claimAfter(messages) : null;
            AppendResult result = received(messages, sent.await(), start);
            if (result instanceof AppendResult.Full full && full.room() == 0) {
                return false;
            }
            if (result instanceof AppendResult.Refused refused && messages.size() == 1 && timeIsLeft.getAsBoolean()) {
                setAside(messages.get(0), refused.error());
            }
            if (ahead == null || !(result instanceof AppendResult.Appended) || !timeIsLeft.getAsBoolean()) {
                if (result instanceof AppendResult.Appended && !batch.more() && traffic.goesOn()) {
                    traffic.awaitCommit(); // the claim that acknowledges this one then takes what came
                }
                return true;
            }
            batch = ahead;
        }
    }

    /**
     * What comes after messages that are being appended. It counts only if they are: else it is claimed again, where it now
     * has its positions.
     *
     * @return null: nothing does, or it cannot be said now
     */
    private ClaimResult.@Nullable Claimed claimAfter(List<OutboxMessage> underWay) {
        ClaimResult claim;
        try {
            claim = partition.claim(request(new ClaimRequest.UnderWay(
                    underWay.get(0).position() - 1,
                    underWay.get(underWay.size() - 1).checkpoint())));
        } catch (DataAccessException | TransactionException e) {
            return null; // the next claim fails too, or all is well again; the append is answered first
        }
        if (claim instanceof ClaimResult.Claimed claimed) {
            observer.progressed(claimed.progress());
            return claimed;
        }
        if (claim instanceof ClaimResult.NothingPending nothing) {
            observer.progressed(nothing.progress());
        } else if (claim instanceof ClaimResult.Stopped stopped) {
            observer.progressed(stopped.progress());
        }
        return null;
    }

    /** With nothing pending: waits as long as there is traffic. */
    private boolean more() {
        while (traffic.goesOn() && timeIsLeft.getAsBoolean()) {
            if (traffic.awaitCommit() || !partition.settled(seen.newest())) {
                return true;
            }
        }
        return false;
    }

    private void see(Checkpoints checkpoints) {
        observer.depth(checkpoints.depth());
        List<String> newest = checkpoints.newestFirst();
        seen(newest.isEmpty() ? Sighting.newest(null) : Sighting.newest(newest.get(0)));
    }

    private void lookAtAll() {
        Checkpoints checkpoints = queue.checkpoints(source, limits.checkpoints());
        observer.depth(checkpoints.depth());
        seen(new Sighting(checkpoints.newestFirst(), true));
    }

    private void seen(Sighting sighting) {
        seen = sighting;
        confirmed = false;
        appended = ClaimRequest.Appended.NOTHING;
    }

    private PendingAppend send(List<OutboxMessage> batch) {
        OutboxMessage last = batch.get(batch.size() - 1);
        List<QueueEntry> entries =
                batch.stream().filter(m -> !m.withheld()).map(Envelope::of).toList();
        return queue.send(source, new Append(seen.newest(), last.checkpoint().toString(), entries));
    }

    /** Takes in what the queue said to a batch, and bounds the next claim by it. */
    private AppendResult received(List<OutboxMessage> batch, AppendResult result, long start) {
        OutboxMessage first = batch.get(0);
        OutboxMessage last = batch.get(batch.size() - 1);
        see(result, last.checkpoint().toString());
        if (result instanceof AppendResult.Appended) {
            appended = new ClaimRequest.Appended(first.position(), last.position());
            maxMessages = limits.batchMessages();
            observer.appended(
                    batch.stream().filter(m -> !m.withheld()).toList(), Duration.ofNanos(System.nanoTime() - start));
        } else if (result instanceof AppendResult.Full full && full.room() > 0) {
            maxMessages = (int) Math.min(full.room(), maxMessages);
        } else if (result instanceof AppendResult.Refused) {
            maxMessages = Math.max(1, batch.size() / 2);
        }
        return result;
    }

    /**
     * Sets one message aside that the queue refused alone.
     *
     * <ol>
     *   <li>An empty append that moves nothing: does the queue take anything at all? If not, it is not the message.
     *   <li>Record it. No record, no skip: it may have moved meanwhile.
     *   <li>Skip it: an empty append with its checkpoint.
     * </ol>
     *
     * A record whose skip did not come to pass says nothing: the message is still pending, will be tried again, and the
     * record goes when it got through.
     */
    private void setAside(OutboxMessage message, String error) {
        String newest = seen.newest();
        AppendResult probe = appendNothing(newest == null ? Checkpoint.ORIGIN.toString() : newest);
        refuseNothing(probe, error);
        if (!(probe instanceof AppendResult.Appended)) {
            return;
        }
        if (!partition.park(message, error, limits.relay())) {
            see(queue.checkpoints(source, 1));
            return;
        }
        AppendResult skip = appendNothing(message.checkpoint().toString());
        refuseNothing(skip, error);
        if (skip instanceof AppendResult.Appended) {
            maxMessages = limits.batchMessages();
            observer.parked(message, error);
        }
    }

    private static void refuseNothing(AppendResult result, String error) {
        if (result instanceof AppendResult.Refused refused) {
            throw new QueueUnavailableException(
                    QueueUnavailableException.Cause.OTHER,
                    "the queue refuses everything, an empty append too: " + refused.error() + " (before: " + error
                            + ")",
                    null);
        }
    }

    private AppendResult appendNothing(String checkpoint) {
        AppendResult result = queue.append(source, new Append(seen.newest(), checkpoint, List.of()));
        see(result, checkpoint);
        return result;
    }

    private void see(AppendResult result, String checkpoint) {
        if (result instanceof AppendResult.Appended done) {
            seen(Sighting.newest(checkpoint));
            observer.depth(done.depth());
            done.warnings().forEach(observer::warned);
        } else if (result instanceof AppendResult.Stale stale) {
            seen(Sighting.newest(stale.newest()));
        } else if (result instanceof AppendResult.Full full) {
            observer.depth(full.depth());
        }
    }
}

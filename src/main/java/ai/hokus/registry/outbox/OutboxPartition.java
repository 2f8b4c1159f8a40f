package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.outbox.ClaimResult.Rewind;
import ai.hokus.registry.outbox.PartitionRepository.Batch;
import ai.hokus.registry.outbox.PartitionRepository.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One partition, as its relay works on it. Thread-safe: claims take turns at the partition's row, on whichever instance they run. */
public class OutboxPartition {

    private final int number;
    private final RelayIdentity identity;
    private final PartitionRepository repository;
    private final MessageRepository messages;
    private final PartitionJournal journal;
    private final ParkedMessages parked;
    private final MessageScan scan;
    private final OutboxDatabase database;
    private final Duration divergenceHealInterval;

    OutboxPartition(int number, int partitions, RelayIdentity identity, OutboxDatabase database) {
        this.number = number;
        this.identity = identity;
        this.repository = new PartitionRepository(database, number);
        this.messages = new MessageRepository(database, number, partitions);
        this.journal = new PartitionJournal(database.jdbc(), number, identity.instance());
        this.parked = new ParkedMessages(database.jdbc(), repository, number, identity.instance());
        this.scan = new MessageScan(repository, messages, database.dialect());
        this.database = database;
        this.divergenceHealInterval = database.divergenceHealInterval();
    }

    public int number() {
        return number;
    }

    /**
     * Whether everything is delivered, and the queue's newest checkpoint is that of the last message. Cheap, and takes no lock.
     *
     * @param newest the queue's newest checkpoint; null: it has none
     * @param cursor what the relay remembers; null: nothing, so the partition does not count as idle
     */
    public boolean isIdle(@Nullable String newest, @Nullable ScanCursor cursor) {
        return cursor != null && repository.isIdle(newest, cursor, identity);
    }

    /** Why this instance must not relay; null: it may. */
    public @Nullable String refusal(@Nullable String newest) {
        String unreadable = unreadable(newest);
        return unreadable == null ? repository.refusal(identity) : unreadable;
    }

    private static @Nullable String unreadable(@Nullable String newest) {
        return newest == null || Checkpoint.parse(newest) != null
                ? null
                : "unknown checkpoint version: " + newest + " (does a later release run? Then stop this instance)";
    }

    /**
     * Believes the queue's checkpoints, and claims what comes next. One transaction:
     *
     * <ol>
     *   <li>Lock the partition's row, and read where its logs end. Refuse where this instance must not relay.
     *   <li>Find the newest checkpoint that is in the log; none: the start of what is retained.
     *   <li>If that is behind what was delivered, or if the newest checkpoint is foreign, a second look must confirm it. Until
     *       then, or if the log does not have the batch whose append is under way, change nothing and ask for another look.
     *   <li>If the newest checkpoint is foreign, remember it, draw a new history, and go on. The second one that another
     *       copy of this database wrote within {@code divergence-heal-interval} stops the partition.
     *   <li>Move {@code delivered} to the checkpoint of step 2. Forward acknowledges; backward makes pending what the
     *       queue lost.
     *   <li>If the partition is paused, ask for a fence. Otherwise return what follows that checkpoint or, while an append is
     *       under way, what follows its batch: the rest of a batch, or a new one.
     * </ol>
     *
     * <p>A new batch, and the history in a fence, are on disk when this returns: no position that Redis sees can be given twice,
     * and no history that Redis sees is forgotten.
     *
     * @throws org.springframework.dao.DataAccessException when the database fails; nothing was changed
     */
    public ClaimResult claim(ClaimRequest request) {
        String unreadable = unreadable(request.seen().newest());
        if (unreadable != null) {
            return new ClaimResult.NotRelaying(unreadable);
        }
        ClaimResult result = requireNonNull(database.transaction().execute(status -> {
            ClaimResult claim = claimLocked(request);
            if (claim instanceof ClaimResult.LookAgain || claim instanceof ClaimResult.NotRelaying) {
                status.setRollbackOnly();
            }
            return claim;
        }));
        if (result instanceof ClaimResult.Claimed
                || (result instanceof ClaimResult.Halted halted && halted.fence() != null)) {
            database.diskSync().flush();
        }
        return result;
    }

    private ClaimResult claimLocked(ClaimRequest request) {
        Row row = repository.lock();
        LogEnd end = repository.logEnd();
        String refusal = identity.refusal(end.queueName(), end.environment());
        if (refusal != null) {
            return new ClaimResult.NotRelaying(refusal);
        }
        Reconciliation reconciliation = Reconciliation.of(request.seen(), row, end, repository);
        boolean appendingIsMissing = request.appending() != null && !repository.hasBatch(end, request.appending());
        boolean backward = reconciliation.known() < end.delivered();
        boolean confirmed = request.confirmedDeliveryNo() != null && request.confirmedDeliveryNo() == end.deliveryNo();
        boolean needsConfirmation = backward || reconciliation.divergence();
        if (appendingIsMissing
                || !reconciliation.complete()
                || (needsConfirmation && !confirmed)
                || parked.wantsAllCheckpoints(row, end, reconciliation, request.seen())) {
            return new ClaimResult.LookAgain(end.deliveryNo());
        }
        if (row.stopped()) {
            return stillStopped(row, reconciliation);
        }
        if (reconciliation.divergence() && reconciliation.stranger() && row.divergedWithin(divergenceHealInterval)) {
            journal.stop(reconciliation.reason(), reconciliation.known());
            return new ClaimResult.Halted(PartitionState.STOPPED, null, null);
        }
        long history = reconciliation.divergence() ? heal(row, reconciliation) : row.currentHistory();
        if (end.queueName() == null && !journal.recordQueue(identity.queueName())) {
            return new ClaimResult.LookAgain(end.deliveryNo()); // another instance recorded its queue just now
        }
        List<SqlUpdate> updates = new ArrayList<>(2);
        Rewind rewind = move(row, end, reconciliation, request, updates);
        ClaimResult result = row.paused()
                ? new ClaimResult.Halted(PartitionState.PAUSED, fence(row, history, reconciliation.newest()), rewind)
                : claimNext(request, end, reconciliation.known(), history, updates, rewind);
        repository.write(updates);
        return result;
    }

    /**
     * Returns the new history. A stranger's becomes one of ours: a relay that claimed before may append in it once more, and that
     * must not count as a second stranger.
     */
    private long heal(Row row, Reconciliation reconciliation) {
        Checkpoint foreign = requireNonNull(reconciliation.newest());
        List<Long> histories = new ArrayList<>(row.histories());
        if (reconciliation.stranger()) {
            histories.add(foreign.historyId());
        }
        histories.add(Checkpoint.randomId());
        journal.recordHealed(foreign, histories, reconciliation.stranger() ? row.now() : null);
        return histories.get(histories.size() - 1);
    }

    private @Nullable Rewind move(
            Row row, LogEnd end, Reconciliation reconciliation, ClaimRequest request, List<SqlUpdate> updates) {
        long from = end.delivered();
        long to = reconciliation.known();
        if (to > from) {
            parked.acknowledge(row, from, to, request.seen());
        }
        if (to != from) {
            updates.add(journal.delivery(end.deliveryNo() + 1, from, to));
        }
        if (to >= from && !reconciliation.divergence()) {
            return null;
        }
        if (to < from) {
            parked.updateLowest(to);
        }
        Rewind rewind = new Rewind(from, Math.min(from, to), reconciliation.divergence(), reconciliation.reason());
        journal.recordRewind(to < from ? end.deliveryNo() + 1 : end.deliveryNo(), rewind);
        return rewind;
    }

    private ClaimResult claimNext(
            ClaimRequest request,
            LogEnd end,
            long known,
            long history,
            List<SqlUpdate> updates,
            @Nullable Rewind rewind) {
        long before = request.appending() == null ? known : request.appending().position();
        if (end.lastPosition() > before) {
            return restOfBatch(request, before, history, rewind);
        }
        MessageScan.Found found = scan.next(request.cursor(), end, request.maxMessages(), request.maxBytes());
        if (found.messages().isEmpty()) {
            return new ClaimResult.NothingPending(found.complete(), found.cursor(), rewind);
        }
        long[] ids = found.messages().stream().mapToLong(OutboxMessage::id).toArray();
        long batchId = Checkpoint.randomId();
        long first = end.lastPosition() + 1;
        updates.add(repository.insertBatch(
                first, batchId, history, ids, settled(end, found.cursor(), ids), identity.instance()));
        return new ClaimResult.Claimed(
                found.messages(),
                first,
                batchId,
                history,
                found.more(),
                found.cursor().endingWith(first + ids.length - 1, batchId),
                rewind);
    }

    /** @param before the position before the first one */
    private ClaimResult restOfBatch(ClaimRequest request, long before, long history, @Nullable Rewind rewind) {
        Batch batch = repository.batchAt(before + 1);
        if (batch == null) {
            throw new IllegalStateException("partition " + number + ": outbox_batch has no row for position "
                    + (before + 1) + ", although later positions were given. Was a row deleted by hand?");
        }
        int start = Math.toIntExact(before + 1 - batch.firstPosition());
        int stop = Math.min(start + request.maxMessages(), batch.messageIds().length);
        List<OutboxMessage> rest =
                messages.claimed(Arrays.copyOfRange(batch.messageIds(), start, stop), request.maxBytes());
        return new ClaimResult.Claimed(rest, before + 1, batch.batchId(), history, true, request.cursor(), rewind);
    }

    /** The sample becomes settled in three steps, each recorded in a batch's row: its id, a transaction that began later, the proof. */
    private PartitionRepository.Settled settled(LogEnd end, ScanCursor cursor, long[] ids) {
        if (database.dialect().idsFollowCommits()) {
            return new PartitionRepository.Settled(ids[ids.length - 1], null, null);
        }
        Long sample = end.sampleId();
        if (sample == null || sample <= cursor.settled() || end.sampleIsForeign()) {
            return new PartitionRepository.Settled(cursor.settled(), end.highestId(), null);
        }
        return new PartitionRepository.Settled(
                cursor.settled(), sample, end.sampleXid() == null ? (Long) end.xid() : end.sampleXid());
    }

    private ClaimResult stillStopped(Row row, Reconciliation reconciliation) {
        journal.recordStoppedPosition(reconciliation.known());
        // An append of ours that is under way can only expect a checkpoint of this log, or the one that was healed.
        Checkpoint newest = reconciliation.newest();
        boolean mayBeExpected = newest == null
                || newest.place().equals(row.foreignCheckpoint())
                || repository.hasBatch(newest.position(), newest.batchId());
        if (!mayBeExpected) {
            journal.recordFence(); // the stranger's checkpoint is as good as one
        }
        Checkpoint fence = mayBeExpected ? fence(row, row.currentHistory(), newest) : null;
        return new ClaimResult.Halted(PartitionState.STOPPED, fence, null);
    }

    /** The newest checkpoint's place with the nonce of the pause or stop; null: the newest one is already this fence. */
    private @Nullable Checkpoint fence(Row row, long history, @Nullable Checkpoint newest) {
        if (newest != null && newest.nonce() == row.haltId()) {
            if (row.fencedHaltId() != row.haltId()) {
                journal.recordFence();
            }
            return null;
        }
        return newest == null
                ? new Checkpoint(0, 0, history, row.haltId())
                : new Checkpoint(newest.position(), newest.batchId(), history, row.haltId());
    }

    /**
     * Records that the queue refuses the only message of this claim while it takes others. Without the record it may not be
     * skipped. Returns false if it is delivered by now, or no longer in the log: look again.
     */
    public boolean park(ClaimResult.Claimed claimed, String reason) {
        long position = claimed.firstPosition();
        return Boolean.TRUE.equals(database.transaction().execute(status -> {
            Row row = repository.lock();
            if (repository.logEnd().delivered() >= position || !repository.hasBatch(position, claimed.batchId())) {
                return false;
            }
            parked.mark(claimed.messages().get(0).id(), position, reason);
            if (Stream.ofNullable(row.lowestParkedPosition()).noneMatch(lowest -> lowest <= position)) {
                parked.updateLowest(position - 1);
            }
            return true;
        }));
    }
}

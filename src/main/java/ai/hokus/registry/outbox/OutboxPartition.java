package ai.hokus.registry.outbox;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.outbox.ClaimResult.Progress;
import ai.hokus.registry.outbox.ClaimResult.Rewind;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * One partition, as its relay works on it.
 *
 * <p>Thread-safe; what runs at the same time, on any instance, takes turns at the partition's row.
 */
public class OutboxPartition {

    /** Not from a seed that two instances, or two lives of one, may have in common. */
    private static final SecureRandom TERMS = new SecureRandom();

    private final int number;
    private final PartitionStatements statements;
    private final TransactionTemplate transaction;
    private final CommitSync commitSync;
    private final Duration healDivergenceEvery;

    OutboxPartition(
            int number,
            PartitionStatements statements,
            TransactionTemplate transaction,
            CommitSync commitSync,
            Duration healDivergenceEvery) {
        this.number = number;
        this.statements = statements;
        this.transaction = transaction;
        this.commitSync = commitSync;
        this.healDivergenceEvery = healDivergenceEvery;
    }

    /** 0 and up. */
    public int number() {
        return number;
    }

    /**
     * Whether there is nothing to do: everything is delivered, and the queue's newest checkpoint is that of the last
     * message. A cheap look before the lock is asked for and a claim is made; what it overlooks, the next one sees.
     *
     * @param newest the queue's; null: it has none
     * @throws org.springframework.dao.DataAccessException when the database fails
     */
    public boolean settled(@Nullable String newest) {
        Checkpoint settled = statements.settledAt();
        Checkpoint seen = newest == null ? Checkpoint.ORIGIN : Checkpoint.parse(newest);
        return settled != null && seen != null && seen.isOf(settled);
    }

    /**
     * Takes what the queue's checkpoints tell for the truth, and claims what comes next. One transaction:
     *
     * <ol>
     *   <li>lock the partition's row;
     *   <li>locate the newest checkpoint that is in this history; none: the start of what is retained;
     *   <li>behind {@code delivered_position}, or foreign, and not confirmed by a second look: change nothing;
     *   <li>foreign for the second time within {@code heal-divergence-every}: stop the partition;
     *   <li>move {@code delivered_position} there: forward acknowledges, backward makes pending what the queue lost;
     *   <li>take the next messages: first those with a position, then new ones, which get theirs now.
     * </ol>
     *
     * With an append under way it takes what comes after that, if this history still has it, and acknowledges what came before
     * it; it never moves {@code delivered_position} back.
     *
     * <p>What was claimed is on disk when this returns: no position that Redis sees can be given twice.
     *
     * @throws org.springframework.dao.DataAccessException when the database fails; nothing was changed
     */
    public ClaimResult claim(ClaimRequest request) {
        ClaimResult result = requireNonNull(transaction.execute(status -> {
            ClaimResult claim = claimLocked(request);
            if (claim instanceof ClaimResult.WouldRewind
                    || claim instanceof ClaimResult.UnknownCheckpoint
                    || claim instanceof ClaimResult.Overtaken) {
                status.setRollbackOnly();
            }
            return claim;
        }));
        if (result instanceof ClaimResult.Claimed) {
            commitSync.sync();
        }
        return result;
    }

    private ClaimResult claimLocked(ClaimRequest request) {
        ClaimRequest.UnderWay underWay = request.underWay();
        Checkpoint newest = underWay == null ? newest(request.seen()) : underWay.last();
        PartitionStatements.Locked locked = statements.lock(newest == null ? Checkpoint.ORIGIN : newest);
        PartitionStatements.Row row = locked.row();
        if (row.state() == PartitionState.DIVERGED) {
            return new ClaimResult.Stopped(PartitionState.DIVERGED, new Progress(0, null));
        }
        if (underWay != null && overtaken(underWay, locked)) {
            return new ClaimResult.Overtaken();
        }
        Located located =
                underWay == null ? locate(request.seen(), newest, locked) : new Located(underWay.after(), false, "");
        if (located == null) {
            return new ClaimResult.UnknownCheckpoint();
        }
        boolean backward = located.position() < row.deliveredPosition();
        if ((backward || located.foreign()) && !request.confirmed()) {
            return new ClaimResult.WouldRewind();
        }
        if (located.foreign() && healedLately(row)) {
            statements.save(row.with(PartitionState.DIVERGED));
            return new ClaimResult.Stopped(PartitionState.DIVERGED, new Progress(0, null));
        }

        long delivered = located.position();
        Progress progress = move(row, located, request);
        PartitionStatements.Delivery delivery = progress.delivered() == 0
                ? null
                : new PartitionStatements.Delivery(row.deliveredPosition() + 1, delivered, request.relay());
        Long parking = row.parkingPosition();
        if (backward || (parking != null && parking <= delivered)) {
            // What the caller itself appended is in the queue, however often it had been refused before.
            statements.unpark(request.appended().from(), request.appended().to());
            parking = statements.lowestParking(delivered);
        }

        long follows = underWay == null ? delivered : underWay.last().position();
        Taken taken = row.state() == PartitionState.PAUSED ? Taken.NOTHING : take(row, follows, request);

        PartitionStatements.Row after = new PartitionStatements.Row(
                row.lastPosition() + taken.fresh().size(),
                delivered,
                row.purgedPosition(),
                parking,
                row.state(),
                located.foreign() ? row.now() : row.divergedAt(),
                progress.delivered() > 0 ? row.now() : row.lastDeliveredAt(),
                progress.delivered() > 0 || !taken.fresh().isEmpty() ? request.relay() : row.relay(),
                row.now(),
                row.highestId());
        if (!after.equals(row)) {
            statements.write(delivery, taken.fresh(), after);
        }
        if (row.state() == PartitionState.PAUSED) {
            return new ClaimResult.Stopped(PartitionState.PAUSED, progress);
        }
        return taken.messages().isEmpty()
                ? new ClaimResult.NothingPending(!request.scan().begun(), progress)
                : new ClaimResult.Claimed(taken.messages(), taken.next(), taken.more(), progress);
    }

    /**
     * Whether what comes after this append must not be claimed. By its last checkpoint, not by its position: a database that
     * was restored may have given that to another message. With the checkpoint, this history has all that came before it too.
     */
    private boolean overtaken(ClaimRequest.UnderWay underWay, PartitionStatements.Locked locked) {
        return underWay.after() < locked.row().deliveredPosition() || !isInHistory(underWay.last(), locked);
    }

    /**
     * @param sought with which the row was locked. What was there before we waited for the row is there now. What was not is
     *     looked for once more: a history that is taken for a foreign one is the costliest mistake, and this the rarest way
     */
    private boolean isInHistory(Checkpoint sought, PartitionStatements.Locked locked) {
        return locked.found() || statements.inHistory(sought);
    }

    /**
     * Where the queue stands in this history.
     *
     * @param position the newest that both know
     * @param foreign whether the queue's newest checkpoint is one that this history never had
     */
    private record Located(long position, boolean foreign, String reason) {}

    /** As text it may be anything; null: it is no checkpoint of this outbox, or there is none. */
    private static @Nullable Checkpoint newest(Sighting seen) {
        String text = seen.newest();
        return text == null ? null : Checkpoint.parse(text);
    }

    /** Null: the newest checkpoint is unknown here, and the older ones have not been looked at. */
    private @Nullable Located locate(Sighting seen, @Nullable Checkpoint newest, PartitionStatements.Locked locked) {
        long purged = locked.row().purgedPosition();
        if (seen.newest() == null) {
            return new Located(purged, false, "the queue has no checkpoint: Redis was emptied, or is another one");
        }
        if (newest != null) {
            if (newest.position() <= purged) {
                // A message at or below purged_position may be kept (it is parked), but nothing between it and there is
                // sure to be.
                return new Located(
                        purged,
                        false,
                        "the queue fell back to checkpoint " + newest + ", which is older than what is retained");
            }
            if (isInHistory(newest, locked)) {
                return new Located(newest.position(), false, "the queue fell back to checkpoint " + newest);
            }
        }
        return seen.complete() ? locateForeign(seen.newestFirst(), purged) : null;
    }

    private Located locateForeign(List<String> newestFirst, long purged) {
        List<Checkpoint> older = newestFirst.stream()
                .map(Checkpoint::parse)
                .filter(Objects::nonNull)
                .filter(c -> c.position() > purged)
                .toList();
        List<Checkpoint> known = statements.inHistory(older);
        String reason = "the queue's newest checkpoint " + newestFirst.get(0) + " is not in this database's history; ";
        return known.isEmpty()
                ? new Located(purged, true, reason + "nor is any other: back to the start of what is retained")
                : new Located(known.get(0).position(), true, reason + "the newest that is: " + known.get(0));
    }

    private boolean healedLately(PartitionStatements.Row row) {
        OffsetDateTime divergedAt = row.divergedAt();
        return divergedAt != null && divergedAt.plus(healDivergenceEvery).isAfter(row.now());
    }

    private Progress move(PartitionStatements.Row row, Located located, ClaimRequest request) {
        long from = row.deliveredPosition();
        long to = located.position();
        if (to < from) {
            statements.recordRewind(from, to, located.reason(), request.relay());
        }
        boolean noteworthy = to < from || located.foreign();
        return new Progress(
                Math.max(to - from, 0),
                noteworthy ? new Rewind(from, Math.min(to, from), located.foreign(), located.reason()) : null);
    }

    /**
     * @param messages to append, in order
     * @param fresh those of them that get their positions now
     */
    private record Taken(List<OutboxMessage> messages, List<OutboxMessage> fresh, Scan next, boolean more) {
        static final Taken NOTHING = new Taken(List.of(), List.of(), Scan.NEW, false);
    }

    private Taken take(PartitionStatements.Row row, long after, ClaimRequest request) {
        List<OutboxMessage> messages = new ArrayList<>();
        long bytesLeft = request.maxBytes();
        if (row.lastPosition() > after) {
            PartitionStatements.Batch again = statements.positioned(after, request.maxMessages(), request.maxBytes());
            messages.addAll(again.messages());
            bytesLeft -= again.bytes();
            if (again.more()) {
                return new Taken(messages, List.of(), request.scan(), true);
            }
        }
        Scan scan = request.scan().begun() ? request.scan() : new Scan(0, row.highestId());
        int room = request.maxMessages() - messages.size();
        PartitionStatements.Batch found = statements.unpositioned(scan, room, bytesLeft, messages.isEmpty());
        List<OutboxMessage> fresh = positionsAfter(row.lastPosition(), found.messages());
        if (!fresh.isEmpty()) {
            messages.addAll(fresh);
            scan = new Scan(fresh.get(fresh.size() - 1).id(), scan.upTo());
        }
        return new Taken(messages, fresh, found.more() ? scan : Scan.NEW, found.more());
    }

    private static List<OutboxMessage> positionsAfter(long last, List<OutboxMessage> messages) {
        if (messages.isEmpty()) {
            return List.of();
        }
        int term = TERMS.nextInt(Integer.MAX_VALUE) + 1;
        List<OutboxMessage> positioned = new ArrayList<>(messages.size());
        for (OutboxMessage message : messages) {
            positioned.add(message.at(last + 1 + positioned.size(), term));
        }
        return positioned;
    }

    /**
     * Records that the queue refuses this message while it takes others. What is not recorded may not be skipped.
     *
     * @return false: the message no longer has this position undelivered; look again
     */
    public boolean park(OutboxMessage message, String reason, String relay) {
        return Boolean.TRUE.equals(transaction.execute(status -> {
            PartitionStatements.Row row = statements.lock();
            if (row.deliveredPosition() >= message.position() || !statements.inHistory(message.checkpoint())) {
                return false;
            }
            statements.mark(message, reason, relay);
            Long parking = row.parkingPosition();
            if (parking == null || message.position() < parking) {
                statements.save(row.withParking(message.position()));
            }
            return true;
        }));
    }
}

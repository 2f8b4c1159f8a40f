package ai.hokus.registry.outbox;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The result of comparing the queue's checkpoints with this database's log.
 *
 * @param known the newest position that both have
 * @param newest the queue's newest checkpoint; null: it has none
 * @param divergence whether the newest checkpoint is foreign (not in this log, or of another history) and was not healed
 *     before
 * @param stranger whether the newest checkpoint is of a history that this partition never had: another copy of the database
 *     wrote it. Otherwise this database wrote it, and lost it by a restore
 * @param complete whether all checkpoints have been looked at, where that matters
 * @param reason what was found, for the operators
 */
record Reconciliation(
        long known,
        @Nullable Checkpoint newest,
        boolean divergence,
        boolean stranger,
        boolean complete,
        String reason) {

    /** Checks the history before the position, so that a stranger's checkpoint is recognised even if its position was purged here. */
    static Reconciliation of(
            ObservedCheckpoints seen, PartitionRepository.Row row, LogEnd log, PartitionRepository repository) {
        String text = seen.newest();
        long purged = row.purgedPosition();
        if (text == null) {
            return known(purged, null, "the queue has no checkpoint: Redis was emptied, or is another one");
        }
        Checkpoint newest = Checkpoint.parse(text);
        if (newest == null) {
            throw new IllegalArgumentException("to be checked by the caller: " + text);
        }
        boolean ours = row.histories().contains(newest.historyId());
        boolean inLog = newest.position() > purged && repository.hasBatch(log, newest);
        if (inLog && ours) {
            return known(newest.position(), newest, "the queue fell back to checkpoint " + newest);
        }
        if (newest.position() <= purged && ours) {
            return known(
                    purged,
                    newest,
                    "the queue fell back to checkpoint " + newest + ", which is older than what is retained");
        }
        Optional<Checkpoint> common = seen.readable()
                .filter(checkpoint -> checkpoint.position() > purged && checkpoint.position() <= log.lastPosition())
                .filter(checkpoint -> repository.hasBatch(checkpoint.position(), checkpoint.batchId()))
                .findFirst();
        return new Reconciliation(
                common.map(Checkpoint::position).orElse(purged),
                newest,
                !newest.place().equals(row.foreignCheckpoint()),
                !ours,
                seen.complete(),
                inLog ? copyContinued(newest) : notInLog(newest, ours, common));
    }

    private static String copyContinued(Checkpoint newest) {
        return "the queue's newest checkpoint " + newest
                + " has a batch of this database's log, but a history that this"
                + " database never had; another copy of this database wrote it";
    }

    private static String notInLog(Checkpoint newest, boolean ours, Optional<Checkpoint> common) {
        return "the queue's newest checkpoint " + newest + " is not of this database's log; "
                + (ours ? "this database wrote it before it was restored" : "another copy of this database wrote it")
                + common.map(checkpoint -> "; the newest one that is in the log: " + checkpoint)
                        .orElse("; no other checkpoint is in the log either: back to the start of what is retained");
    }

    private static Reconciliation known(long position, @Nullable Checkpoint newest, String reason) {
        return new Reconciliation(position, newest, false, false, true, reason);
    }
}

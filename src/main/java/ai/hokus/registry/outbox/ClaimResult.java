package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a claim came to. */
public sealed interface ClaimResult {

    /**
     * What the checkpoints have told, committed.
     *
     * @param delivered messages that are now known to be in the queue
     * @param rewind null: none was needed
     */
    record Progress(long delivered, @Nullable Rewind rewind) {}

    /**
     * The queue had lost messages, which are pending again, or its newest checkpoint was foreign.
     *
     * @param from the position that had been delivered
     * @param to the position that still is; {@code from} when nothing was lost
     * @param diverged whether the queue's newest checkpoint is not in this database's history
     * @param reason for the operators
     */
    record Rewind(long from, long to, boolean diverged, String reason) {}

    /**
     * Messages to append, in order.
     *
     * @param messages at least one
     * @param next where the walk stands
     * @param more whether more is pending, as far as this claim went
     */
    record Claimed(List<OutboxMessage> messages, Scan next, boolean more, Progress progress) implements ClaimResult {
        public Claimed {
            messages = List.copyOf(messages);
        }
    }

    /**
     * Nothing was found in this walk.
     *
     * @param walkBegan false when the walk was begun by an earlier claim: messages may have come since
     */
    record NothingPending(boolean walkBegan, Progress progress) implements ClaimResult {}

    /** The queue seems to have lost messages: rolled back. Look again, and claim with {@code confirmed}. */
    record WouldRewind() implements ClaimResult {}

    /** Another relay moved the partition past the append that is under way, or the database no longer has it: rolled back. */
    record Overtaken() implements ClaimResult {}

    /** The newest checkpoint is not in this database's history: rolled back. Look at all of them. */
    record UnknownCheckpoint() implements ClaimResult {}

    /** The partition does not deliver: an operator paused it, or must decide about a divergence. */
    record Stopped(PartitionState state, Progress progress) implements ClaimResult {}
}

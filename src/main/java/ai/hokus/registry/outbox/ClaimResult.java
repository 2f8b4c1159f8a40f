package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The result of a claim. */
public sealed interface ClaimResult {

    /** The rewind or divergence that this claim has recorded; null: none. */
    default @Nullable Rewind rewind() {
        return null;
    }

    /**
     * The queue had lost messages, which are pending again, or its newest checkpoint was foreign.
     *
     * @param from the position that had been delivered
     * @param to the position that is still delivered; {@code from} when nothing was lost
     * @param divergence whether the queue's newest checkpoint was foreign
     * @param reason for the operators
     */
    record Rewind(long from, long to, boolean divergence, String reason) {}

    /**
     * Messages to append, in order: a batch, or what is left of one.
     *
     * @param messages at least one
     * @param firstPosition of the first message
     * @param more whether more may be pending
     * @param cursor for the next claim; null: nothing is remembered
     */
    record Claimed(
            List<OutboxMessage> messages,
            long firstPosition,
            long batchId,
            long historyId,
            boolean more,
            @Nullable ScanCursor cursor,
            @Nullable Rewind rewind)
            implements ClaimResult {
        public Claimed {
            messages = List.copyOf(messages);
        }

        /** The checkpoint that the queue has once all of it is appended. */
        public Checkpoint checkpoint() {
            return new Checkpoint(lastPosition(), batchId, historyId, Checkpoint.APPEND);
        }

        /** The checkpoint that the queue has once the only message is skipped. */
        public Checkpoint skipCheckpoint() {
            return new Checkpoint(lastPosition(), batchId, historyId, Checkpoint.SKIP);
        }

        /** The checkpoint before the first message, for a queue that has none yet. */
        public Checkpoint originCheckpoint() {
            return new Checkpoint(0, 0, historyId, Checkpoint.APPEND);
        }

        public long lastPosition() {
            return firstPosition + messages.size() - 1;
        }
    }

    /**
     * Nothing was found.
     *
     * @param drained whether the scan has passed everything that was visible when it began; if not, claim again
     */
    record NothingPending(
            boolean drained, ScanCursor cursor, @Nullable Rewind rewind) implements ClaimResult {}

    /**
     * The claim was rolled back, because the newest checkpoint alone is not enough, or the log does not have the batch whose
     * append is under way. Look at all checkpoints, and claim again.
     *
     * @param deliveryNo for {@link ClaimRequest#confirmedDeliveryNo}, if the second look sees the same newest checkpoint
     */
    record LookAgain(long deliveryNo) implements ClaimResult {}

    /**
     * This instance must not relay: it is configured for another queue or environment than this database, or cannot read the
     * newest checkpoint, which a later release may have written. Nothing was changed.
     */
    record NotRelaying(String reason) implements ClaimResult {}

    /**
     * The partition does not deliver.
     *
     * @param fence to be appended without messages: it makes every append that is under way fail. Null: it is the newest
     *     checkpoint already
     */
    record Halted(
            PartitionState state,
            @Nullable Checkpoint fence,
            @Nullable Rewind rewind) implements ClaimResult {}
}

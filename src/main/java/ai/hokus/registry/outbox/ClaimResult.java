package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

public sealed interface ClaimResult {

    default @Nullable Rewind rewind() {
        return null;
    }

    /**
     * The queue had lost messages, which are pending again, or its newest checkpoint was foreign.
     *
     * @param from the position that had been delivered
     * @param to the position that is still delivered; {@code from} when nothing was lost
     * @param divergence whether the queue's newest checkpoint was foreign
     */
    record Rewind(long from, long to, boolean divergence, String reason) {}

    /**
     * A batch, or what is left of one: at least one message.
     *
     * @param more whether more may be pending
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

        public Checkpoint checkpoint() {
            return new Checkpoint(lastPosition(), batchId, historyId, Checkpoint.APPEND);
        }

        /** Of a skip of its only message. */
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

    /** If it is not {@code drained}, the scan has not passed everything that was visible when it began: claim again. */
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

    /** The fence is to be appended without messages, so that every append under way fails; null: it is the newest checkpoint. */
    record Halted(
            PartitionState state,
            @Nullable Checkpoint fence,
            @Nullable Rewind rewind) implements ClaimResult {}
}

package ai.hokus.registry.outbox;

import org.jspecify.annotations.Nullable;

/**
 * What a relay wants to claim, and what it knows.
 *
 * @param confirmedDeliveryNo the number that {@link ClaimResult.LookAgain} gave, if a second look without an open transaction
 *     saw the same newest checkpoint; null: it did not, or there was none
 * @param appending the checkpoint that an append under way will leave in the queue; what comes after it is claimed. Null: no
 *     append is under way
 * @param maxMessages at least 1
 * @param maxBytes of payload, UTF-8; one message is always claimed, however large
 */
public record ClaimRequest(
        ObservedCheckpoints seen,
        @Nullable Long confirmedDeliveryNo,
        @Nullable Checkpoint appending,
        @Nullable ScanCursor cursor,
        int maxMessages,
        long maxBytes) {}

package ai.hokus.registry.outbox;

import java.time.OffsetDateTime;
import java.util.UUID;

/**
 * A claimed message.
 *
 * @param id insertion order
 * @param position its place in the partition's delivery order
 * @param term of the claim that gave the position; see {@link Checkpoint}
 * @param withheld an operator has decided about it (discarded, or requeued as a copy): its position is passed without it
 */
public record OutboxMessage(
        long id,
        UUID messageId,
        String key,
        String type,
        String payload,
        OffsetDateTime createdAt,
        long position,
        int term,
        boolean withheld) {

    OutboxMessage at(long given, int inTerm) {
        return new OutboxMessage(id, messageId, key, type, payload, createdAt, given, inTerm, withheld);
    }

    /** What the queue remembers when this is the last message of an append. */
    public Checkpoint checkpoint() {
        return new Checkpoint(position, messageId, term);
    }
}

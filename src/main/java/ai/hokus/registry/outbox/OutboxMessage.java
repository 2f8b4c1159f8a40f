package ai.hokus.registry.outbox;

import java.time.OffsetDateTime;
import java.util.UUID;

/**
 * A claimed message.
 *
 * @param withheld it is not sent: an operator has decided about it (discarded, or requeued as a copy), or its row is gone
 */
public record OutboxMessage(
        long id, UUID messageId, String key, String type, String payload, OffsetDateTime createdAt, boolean withheld) {

    /** Stands for a claimed message whose row somebody deleted: its position is skipped. */
    static OutboxMessage missing(long id) {
        return new OutboxMessage(id, new UUID(0, 0), "", "", "", OffsetDateTime.MIN, true);
    }
}

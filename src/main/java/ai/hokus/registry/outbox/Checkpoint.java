package ai.hokus.registry.outbox;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far an append went: the last message of it, and its position. As text, {@code position:message_id}.
 *
 * @param position 1 or more; 0 only in {@link #ORIGIN}
 */
public record Checkpoint(long position, UUID messageId) {

    /** Before the first message. */
    public static final Checkpoint ORIGIN = new Checkpoint(0, new UUID(0, 0));

    /** Reads what {@link #toString} wrote; null for anything else, which is then in nobody's history. */
    static @Nullable Checkpoint parse(String text) {
        int colon = text.indexOf(':');
        try {
            return new Checkpoint(
                    Long.parseLong(text.substring(0, Math.max(colon, 0))), UUID.fromString(text.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    @Override
    public String toString() {
        return position + ":" + messageId;
    }
}

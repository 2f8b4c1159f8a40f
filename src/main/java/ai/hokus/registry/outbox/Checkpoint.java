package ai.hokus.registry.outbox;

import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far an append went: the last message of it, and its position. As text, {@code position:message_id:term}.
 *
 * @param position 1 or more; 0 only in {@link #ORIGIN}
 * @param term of the claim that gave the position; 0: unknown, the text then ends with the message. So wrote releases that
 *     knew no terms
 */
public record Checkpoint(long position, UUID messageId, int term) {

    /** Before the first message. */
    public static final Checkpoint ORIGIN = new Checkpoint(0, new UUID(0, 0), 0);

    private static final Pattern TEXT = Pattern.compile("(\\d{1,19}):([0-9a-fA-F-]{36})(?::(\\d{1,10}))?");

    /** Reads what {@link #toString} wrote; null for anything else, which is then in nobody's history. */
    static @Nullable Checkpoint parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            return null;
        }
        String term = parts.group(3);
        try {
            return new Checkpoint(
                    Long.parseLong(parts.group(1)),
                    UUID.fromString(parts.group(2)),
                    term == null ? 0 : Integer.parseInt(term));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Whether this, read from the queue, is the checkpoint of a message of our history: without a term, whichever has it. */
    boolean isOf(Checkpoint message) {
        return position == message.position
                && messageId.equals(message.messageId)
                && (term == 0 || term == message.term);
    }

    @Override
    public String toString() {
        return term == 0 ? position + ":" + messageId : position + ":" + messageId + ":" + term;
    }
}

package ai.hokus.registry.outbox;

import java.security.SecureRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far an append went, as it is kept in Redis beside the queue: {@code v1:POSITION:BATCH:HISTORY:NONCE}, the two ids in
 * hexadecimal. Fields behind the nonce are ignored, so that a later release may add some.
 *
 * @param position of the last message that the append passed; 0: before the first
 * @param batchId the batch that has this position; 0 at position 0
 * @param historyId the history in which the append was made
 * @param nonce {@link #APPEND}, {@link #SKIP}, or the random id of a pause or stop, 2 or more: its fence
 */
public record Checkpoint(long position, long batchId, long historyId, long nonce) {

    static final long APPEND = 0;

    /** The nonce of an append that skipped one parked message. */
    static final long SKIP = 1;

    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Pattern TEXT =
            Pattern.compile("v1:(\\d{1,18}):([0-9a-f]{1,16}):([0-9a-f]{1,16}):(\\d{1,18})(?::.*)?");

    /** Null: it is of a version that this release does not know, or no checkpoint at all. */
    public static @Nullable Checkpoint parse(String text) {
        Matcher parts = TEXT.matcher(text);
        return parts.matches()
                ? new Checkpoint(
                        Long.parseLong(parts.group(1)),
                        Long.parseUnsignedLong(parts.group(2), 16),
                        Long.parseUnsignedLong(parts.group(3), 16),
                        Long.parseLong(parts.group(4)))
                : null;
    }

    /** A random id for a batch or a history, never 0. */
    static long randomId() {
        long id = RANDOM.nextLong();
        return id == 0 ? 1 : id;
    }

    boolean isSkip() {
        return nonce == SKIP;
    }

    /** {@code POSITION:BATCH}, which is the same for an append and the fences after it. */
    String place() {
        return position + ":" + Long.toHexString(batchId);
    }

    @Override
    public String toString() {
        return "v1:" + position + ":" + Long.toHexString(batchId) + ":" + Long.toHexString(historyId) + ":" + nonce;
    }
}

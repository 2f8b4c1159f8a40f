package ai.hokus.registry.outbox;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which delivered messages to send again; what is null does not matter, but something must.
 *
 * @param partition with positions, required
 * @param fromPosition the first
 * @param toPosition the last
 * @param deliveredFrom acknowledged at this time or later; the whole batch that the acknowledgement covers
 * @param deliveredBefore acknowledged before this time
 */
public record Selection(
        @Nullable String model,
        @Nullable Integer partition,
        @Nullable Long fromPosition,
        @Nullable Long toPosition,
        @Nullable Instant deliveredFrom,
        @Nullable Instant deliveredBefore) {

    /** Whether it selects anything less than all. */
    public boolean empty() {
        return model == null
                && partition == null
                && fromPosition == null
                && toPosition == null
                && deliveredFrom == null
                && deliveredBefore == null;
    }

    /** In the operator's words. */
    String describe() {
        StringBuilder text = new StringBuilder();
        add(text, "model ", model);
        add(text, "partition ", partition);
        add(text, "positions from ", fromPosition);
        add(text, "positions to ", toPosition);
        add(text, "delivered from ", deliveredFrom);
        add(text, "delivered before ", deliveredBefore);
        return text.toString();
    }

    private static void add(StringBuilder text, String what, @Nullable Object value) {
        if (value != null) {
            text.append(text.isEmpty() ? "" : ", ").append(what).append(value);
        }
    }
}

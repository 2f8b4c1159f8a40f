package ai.hokus.registry.operations;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which delivered messages to send again. All conditions that are given must hold; null: no condition. At least one is given.
 *
 * @param partition required with positions
 * @param fromPosition the first
 * @param toPosition the last
 * @param deliveredFrom acknowledged at this time or later; the whole batch that the acknowledgement covers
 * @param deliveredBefore acknowledged before this time
 */
record ResendFilter(
        @Nullable String model,
        @Nullable Integer partition,
        @Nullable Long fromPosition,
        @Nullable Long toPosition,
        @Nullable Instant deliveredFrom,
        @Nullable Instant deliveredBefore) {

    /** Whether no condition is given: it would select everything. */
    boolean isEmpty() {
        return describe().isEmpty();
    }

    String describe() {
        List<String> conditions = new ArrayList<>();
        add(conditions, "model ", model);
        add(conditions, "partition ", partition);
        add(conditions, "positions from ", fromPosition);
        add(conditions, "positions to ", toPosition);
        add(conditions, "delivered from ", deliveredFrom);
        add(conditions, "delivered before ", deliveredBefore);
        return String.join(", ", conditions);
    }

    private static void add(List<String> conditions, String name, @Nullable Object value) {
        if (value != null) {
            conditions.add(name + value);
        }
    }
}

package ai.hokus.registry.operations;

import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which delivered messages to send again: those that meet all conditions. Null: no condition; at least one is given. Times are
 * those of acknowledgements, which cover whole batches.
 */
record ResendFilter(
        @Schema(maxLength = OperatorRequestParser.MAX_TEXT, example = "churn-model") @Nullable
        String model,

        @Schema(minimum = "0", description = "Required with positions") @Nullable
        Integer partition,

        @Schema(minimum = "0", description = "The first") @Nullable
        Long fromPosition,

        @Schema(minimum = "0", description = "The last") @Nullable
        Long toPosition,

        @Schema(description = "Delivered at this time or later", example = "2026-11-23T12:00:00Z") @Nullable
        Instant deliveredFrom,

        @Schema(description = "Delivered before this time") @Nullable
        Instant deliveredBefore) {

    /** Every database can compare with times from here to {@link #MAX_TIME}. */
    static final Instant MIN_TIME = Instant.parse("1970-01-01T00:00:00Z");

    static final Instant MAX_TIME = Instant.parse("9999-12-31T23:59:59Z");

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

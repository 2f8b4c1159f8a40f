package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.Wish;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON object of an operation, field by field, and collects everything that is wrong. A field that nobody knows
 * is wrong too: with {@code "dryrun": true} the operation would be done. Confined to one request.
 */
final class SteeringBody {

    private final Map<String, @Nullable Object> fields;
    private final List<String> errors = new ArrayList<>();

    /** @param known the fields that this operation has beside reason and dry_run */
    SteeringBody(@Nullable Map<String, @Nullable Object> body, Set<String> known) {
        this.fields = body == null ? Map.of() : body;
        for (String name : fields.keySet()) {
            if (!name.equals("reason") && !name.equals("dry_run") && !known.contains(name)) {
                errors.add(name + " is not known here");
            }
        }
    }

    /** What was wrong with what was read so far. */
    List<String> errors() {
        return errors;
    }

    /**
     * Who wants it, why, and how; may be used only if there are no {@link #errors}.
     *
     * @param by the caller's name
     */
    Wish wish(String by, @Nullable String idempotencyKey) {
        String reason = text("reason");
        if (reason == null) {
            errors.add("reason is required: why is this done?");
        } else if (reason.length() > Wish.LONGEST_REASON) {
            errors.add("reason must have at most " + Wish.LONGEST_REASON + " characters");
        }
        Object dryRun = fields.get("dry_run");
        if (dryRun != null && !(dryRun instanceof Boolean)) {
            errors.add("dry_run must be true or false");
        }
        if (idempotencyKey != null && (idempotencyKey.isBlank() || idempotencyKey.length() > Wish.LONGEST_KEY)) {
            errors.add("the header Idempotency-Key must have 1 to " + Wish.LONGEST_KEY + " characters");
        }
        return new Wish(
                by.length() > Wish.LONGEST_KEY ? by.substring(0, Wish.LONGEST_KEY) : by,
                errors.isEmpty() && reason != null ? reason : "not given",
                Boolean.TRUE.equals(dryRun),
                idempotencyKey);
    }

    /** Without the blanks around it; null: absent. */
    @Nullable
    String text(String name) {
        Object value = fields.get(name);
        if (value == null) {
            return null;
        }
        if (value instanceof String text && !text.isBlank() && text.indexOf('\0') < 0) {
            return text.strip();
        }
        errors.add(name + " must be a text that is not blank");
        return null;
    }

    /** Null: absent. */
    @Nullable
    Long number(String name) {
        Object value = fields.get(name);
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        if (value != null) {
            errors.add(name + " must be a whole number");
        }
        return null;
    }

    /** Null: absent. */
    @Nullable
    Instant time(String name) {
        String value = text(name);
        try {
            return value == null ? null : OffsetDateTime.parse(value).toInstant();
        } catch (DateTimeException e) {
            errors.add(name + " must be a time with its zone, for example 2026-11-23T12:00:00Z");
            return null;
        }
    }

    /** Null: absent. */
    @Nullable
    Duration duration(String name) {
        String value = text(name);
        try {
            Duration duration = value == null ? null : Duration.parse(value);
            if (duration != null && duration.isNegative()) {
                errors.add(name + " must not be negative");
            }
            return duration;
        } catch (DateTimeException e) {
            errors.add(name + " must be a duration, for example PT12H");
            return null;
        }
    }
}

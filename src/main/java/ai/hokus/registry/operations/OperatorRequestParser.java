package ai.hokus.registry.operations;

import ai.hokus.registry.web.Caller;
import ai.hokus.registry.web.FieldError;
import ai.hokus.registry.web.JsonBody;
import ai.hokus.registry.web.StrictJson;
import ai.hokus.registry.web.TextRules;
import jakarta.servlet.http.HttpServletRequest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the JSON object of an operation, field by field, and collects everything that is wrong. A field that nobody knows
 * is wrong too: with {@code "dryrun": true} the operation would be done. A {@code null} counts as absent. Confined to one
 * request.
 */
final class OperatorRequestParser {

    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    /** Bytes of a body. Its longest field, the reason, may have 1,000 characters. */
    static final int MAX_BODY = 64 * 1024;

    /** Characters of a text other than the reason: as many as a model's name may have. */
    static final int MAX_TEXT = 255;

    /** Ten years: longer than anything is retained, and what any database can subtract from now. */
    static final Duration MAX_DURATION = Duration.ofDays(3_650);

    /** What any database can compare with. */
    static final Instant MIN_TIME = Instant.parse("1970-01-01T00:00:00Z");

    static final Instant MAX_TIME = Instant.parse("9999-12-31T23:59:59Z");

    private final ObjectNode fields;
    private final String userId;
    private final @Nullable String idempotencyKey;
    private final List<FieldError> errors = new ArrayList<>();

    /**
     * Takes the request's body; none at all is an object without fields.
     *
     * @param known the fields that this operation has beside reason and dry_run
     * @throws org.springframework.web.ErrorResponseException where the body is none that is read here
     */
    OperatorRequestParser(HttpServletRequest request, Set<String> known) {
        this.userId = Caller.userId(request);
        this.idempotencyKey = request.getHeader(IDEMPOTENCY_KEY);
        this.fields = object(JsonBody.read(request, MAX_BODY));
        for (String name : fields.propertyNames()) {
            if (!name.equals("reason") && !name.equals("dry_run") && !known.contains(name)) {
                refuse(name, "is not known here");
            }
        }
    }

    private ObjectNode object(byte[] body) {
        if (body.length == 0) {
            return StrictJson.MAPPER.createObjectNode();
        }
        StrictJson.Body json = StrictJson.readObject(body);
        if (json instanceof StrictJson.Body.JsonObject object) {
            return object.fields();
        }
        errors.add(((StrictJson.Body.Malformed) json).error());
        return StrictJson.MAPPER.createObjectNode();
    }

    /** What was wrong with what was read so far. */
    List<FieldError> errors() {
        return errors;
    }

    void refuse(String field, String message) {
        errors.add(new FieldError(field, message));
    }

    /** Who wants it, why, and how; may be used only if there are no {@link #errors}. */
    OperatorRequest operatorRequest() {
        String reason = text("reason", OperatorRequest.MAX_REASON);
        if (reason == null && isRight("reason")) {
            refuse("reason", "is required: why is this done?");
        }
        boolean dryRun = flag("dry_run");
        if (idempotencyKey != null && (idempotencyKey.isBlank() || idempotencyKey.length() > OperatorRequest.MAX_KEY)) {
            refuse(IDEMPOTENCY_KEY, "must have 1 to " + OperatorRequest.MAX_KEY + " characters");
        }
        return new OperatorRequest(
                userId.length() > OperatorRequest.MAX_KEY ? userId.substring(0, OperatorRequest.MAX_KEY) : userId,
                errors.isEmpty() && reason != null ? reason : "not given",
                dryRun,
                idempotencyKey);
    }

    /** Absent: false. */
    boolean flag(String name) {
        JsonNode node = sent(name);
        if (node != null && !node.isBoolean()) {
            refuse(name, "must be true or false");
        }
        return node != null && node.asBoolean(false);
    }

    /** Without white space around it; null: absent. */
    @Nullable
    String text(String name) {
        return text(name, MAX_TEXT);
    }

    private @Nullable String text(String name, int maxLength) {
        JsonNode node = sent(name);
        if (node == null) {
            return null;
        }
        if (!node.isString() || TextRules.isBlank(node.stringValue())) {
            refuse(name, "must be a text that is not blank");
            return null;
        }
        String text = TextRules.trim(node.stringValue());
        Optional<String> unstorable = TextRules.unstorable(text);
        if (unstorable.isPresent()) {
            refuse(name, unstorable.get());
            return null;
        }
        if (text.length() > maxLength) {
            refuse(name, "must have at most " + maxLength + " characters");
            return null;
        }
        return text;
    }

    /** Null: absent. */
    @Nullable
    Long number(String name, long min, long max) {
        JsonNode node = sent(name);
        if (node == null) {
            return null;
        }
        if (node.isIntegralNumber() && node.canConvertToLong() && min <= node.longValue() && node.longValue() <= max) {
            return node.longValue();
        }
        refuse(name, "must be a whole number between " + min + " and " + max);
        return null;
    }

    /** Null: absent. */
    @Nullable
    Instant time(String name) {
        String value = text(name);
        if (value == null) {
            return null;
        }
        try {
            Instant time = OffsetDateTime.parse(value).toInstant();
            if (time.isBefore(MIN_TIME) || time.isAfter(MAX_TIME)) {
                refuse(name, "must be between " + MIN_TIME + " and " + MAX_TIME);
                return null;
            }
            return time;
        } catch (DateTimeException e) {
            refuse(name, "must be a time with its zone, for example 2026-11-23T12:00:00Z");
            return null;
        }
    }

    /** Null: absent. */
    @Nullable
    Duration duration(String name) {
        String value = text(name);
        if (value == null) {
            return null;
        }
        try {
            Duration duration = Duration.parse(value);
            if (duration.isNegative() || duration.compareTo(MAX_DURATION) > 0) {
                refuse(name, "must be between PT0S and P" + MAX_DURATION.toDays() + "D");
                return null;
            }
            return duration;
        } catch (DateTimeException e) {
            refuse(name, "must be a duration, for example PT12H");
            return null;
        }
    }

    /** Whether nothing was wrong with this field so far. */
    boolean isRight(String name) {
        return errors.stream().noneMatch(error -> error.field().equals(name));
    }

    private @Nullable JsonNode sent(String name) {
        JsonNode node = fields.get(name);
        return node == null || node.isNull() ? null : node;
    }
}

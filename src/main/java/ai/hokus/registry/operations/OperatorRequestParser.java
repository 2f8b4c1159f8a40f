package ai.hokus.registry.operations;

import ai.hokus.registry.web.Caller;
import ai.hokus.registry.web.JsonBody;
import ai.hokus.registry.web.JsonFields;
import ai.hokus.registry.web.StrictJson;
import ai.hokus.registry.web.TextRules;
import jakarta.servlet.http.HttpServletRequest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.support.JdbcUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the JSON object of an operation, field by field, and collects everything that is wrong. A reader returns null (a flag:
 * false) where the field is absent or wrong. An unknown field is an error too: otherwise {@code "dryrun": true} would execute
 * the operation.
 */
final class OperatorRequestParser extends JsonFields {

    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    /** Maximum characters of a text other than the reason: as many as a model's name may have. */
    static final int MAX_TEXT = 255;

    /** Maximum bytes of a body. Its longest field, the reason, may have 1,000 characters. */
    private static final int MAX_BODY = 64 * 1024;

    /** Ten years: longer than anything is retained, and what any database can subtract from now. */
    private static final Duration MAX_DURATION = Duration.ofDays(3_650);

    private final OperatorRequest request;

    /** Reads the body; an empty one is an object without fields. */
    OperatorRequestParser(HttpServletRequest httpRequest, Class<? extends Record> known) {
        super(readObject(httpRequest));
        fields.propertyNames().stream()
                .filter(name -> names(known).noneMatch(name::equals))
                .forEach(name -> refuse(name, "is not known here"));
        String reason = text("reason", OperatorRequest.MAX_REASON);
        if (reason == null && isRight("reason")) {
            refuse("reason", "is required: why is this done?");
        }
        boolean dryRun = flag("dry_run");
        String key = httpRequest.getHeader(IDEMPOTENCY_KEY);
        if (key != null && (key.isBlank() || key.length() > OperatorRequest.MAX_KEY)) {
            refuse(IDEMPOTENCY_KEY, "must have 1 to " + OperatorRequest.MAX_KEY + " characters");
        }
        String user = Caller.userId(httpRequest);
        String by = user.length() > OperatorRequest.MAX_KEY ? user.substring(0, OperatorRequest.MAX_KEY) : user;
        this.request = new OperatorRequest(by, reason == null ? "" : reason, dryRun, key);
    }

    private static Stream<String> names(Class<?> body) {
        return Arrays.stream(body.getRecordComponents())
                .flatMap(field -> field.getType().isRecord()
                        ? names(field.getType())
                        : Stream.of(JdbcUtils.convertPropertyNameToUnderscoreName(field.getName())));
    }

    private static ObjectNode readObject(HttpServletRequest httpRequest) {
        byte[] body = JsonBody.read(httpRequest, MAX_BODY);
        return body.length == 0 ? StrictJson.MAPPER.createObjectNode() : StrictJson.readObject(body);
    }

    /** To be called last; throws 422 with everything that is wrong. */
    OperatorRequest operatorRequest() {
        throwIfAny();
        return request;
    }

    /** Whether it is no dry run, and has no idempotency key. */
    boolean lacksIdempotencyKey() {
        return !request.dryRun() && request.idempotencyKey() == null;
    }

    boolean flag(String name) {
        JsonNode node = sent(name);
        if (node != null && !node.isBoolean()) {
            refuse(name, "must be true or false");
        }
        return node != null && node.asBoolean(false);
    }

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
        if (text.length() > maxLength) {
            refuse(name, "must have at most " + maxLength + " characters");
        }
        refuseUnstorable(name, text);
        return isRight(name) ? text : null;
    }

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

    @Nullable
    Instant time(String name) {
        return parsed(
                name,
                text -> OffsetDateTime.parse(text).toInstant(),
                "a time with its zone, for example 2026-11-23T12:00:00Z",
                time -> !time.isBefore(ResendFilter.MIN_TIME) && !time.isAfter(ResendFilter.MAX_TIME),
                ResendFilter.MIN_TIME + " and " + ResendFilter.MAX_TIME);
    }

    @Nullable
    Duration duration(String name) {
        return parsed(
                name,
                Duration::parse,
                "a duration, for example PT12H",
                duration -> !duration.isNegative() && duration.compareTo(MAX_DURATION) <= 0,
                "PT0S and P" + MAX_DURATION.toDays() + "D");
    }

    private <T> @Nullable T parsed(
            String name, Function<String, T> parser, String kind, Predicate<T> fits, String range) {
        String text = text(name);
        if (text == null) {
            return null;
        }
        try {
            T value = parser.apply(text);
            if (fits.test(value)) {
                return value;
            }
            refuse(name, "must be between " + range);
        } catch (DateTimeException e) {
            refuse(name, "must be " + kind);
        }
        return null;
    }
}

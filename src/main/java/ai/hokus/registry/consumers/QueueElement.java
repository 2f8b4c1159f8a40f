package ai.hokus.registry.consumers;

import ai.hokus.registry.queue.ConsumerList;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an element of a list says about itself. Others write the lists, so it may be anything; {@code messageId} null: it cannot
 * be read, or has none. Only dead letters have a {@code deadLetter}.
 */
public record QueueElement(
        @Nullable String messageId,
        @Nullable String modelId,
        @Nullable Integer retryCount,
        @JsonUnwrapped @Nullable DeadLetter deadLetter) {

    /** Why and when it was given up, in UTC if it names no zone; null: it does not say, or not in ISO 8601. */
    public record DeadLetter(
            @Nullable String error, @Nullable Instant failedAt) {}

    private static final String ORIGINAL = "original_message";
    private static final DateTimeFormatter UTC_UNLESS_SAID = DateTimeFormatter.ISO_DATE_TIME.withZone(ZoneOffset.UTC);
    private static final JsonMapper MAPPER = new JsonMapper();

    /** Characters of a text that are shown. */
    private static final int MAX_TEXT = 500;

    /** Maximum length of a message_id in characters; a longer one is ignored. */
    private static final int MAX_ID = 255;

    boolean readable() {
        return messageId != null;
    }

    /** Reads an element; never throws. */
    static QueueElement of(String text, ConsumerList list) {
        JsonNode element = read(text);
        JsonNode original = element.path(ORIGINAL);
        boolean dead = list == ConsumerList.DLQ;
        JsonNode message = dead && original.isString() ? read(original.stringValue()) : element;
        String messageId = text(message.path("message_id"));
        JsonNode retries = message.path("retry_count");
        return new QueueElement(
                messageId == null || messageId.length() > MAX_ID ? null : messageId,
                text(message.path("payload").path("model_id")),
                retries.isInt() ? retries.intValue() : null,
                dead ? new DeadLetter(text(element.path("error")), time(text(element.path("failed_at")))) : null);
    }

    /**
     * What a consumer gets when the element goes back to the queue. If consumers were working on it: the element as it is. If it
     * was a dead letter: the message inside, if there is one, with {@code retry_count} 0 and otherwise unchanged.
     */
    static String forConsumers(String text, ConsumerList list) {
        if (list == ConsumerList.PROCESSING) {
            return text;
        }
        JsonNode original = read(text).path(ORIGINAL);
        return withoutRetries(original.isString() ? original.stringValue() : text);
    }

    private static JsonNode read(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JacksonException e) {
            return MAPPER.missingNode();
        }
    }

    private static @Nullable String text(JsonNode node) {
        if (!node.isString() || node.stringValue().isBlank()) {
            return null;
        }
        String text = node.stringValue();
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "...";
    }

    private static @Nullable Instant time(@Nullable String text) {
        try {
            return text == null ? null : Instant.from(UTC_UNLESS_SAID.parse(text));
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** Replaces the number within the text, so that nothing else changes. */
    private static String withoutRetries(String message) {
        try (JsonParser parser = MAPPER.createParser(message)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean found = parser.currentName().equals("retry_count");
                JsonToken value = parser.nextToken();
                if (found && value == JsonToken.VALUE_NUMBER_INT) {
                    int start = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
                    return message.substring(0, start) + "0"
                            + message.substring(start + parser.getString().length());
                }
                parser.skipChildren();
            }
        } catch (JacksonException e) {
            return message; // what cannot be read is not put back: its message_id is not known
        }
        return message;
    }

    /** A message's id as the outbox stores it; empty: there is none, or it is not a UUID and so not from this service. */
    static Optional<UUID> uuid(@Nullable String messageId) {
        try {
            return Optional.ofNullable(messageId).map(UUID::fromString);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}

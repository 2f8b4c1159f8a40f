package ai.hokus.registry.registration;

import ai.hokus.registry.web.JsonFields;
import ai.hokus.registry.web.StrictJson;
import ai.hokus.registry.web.TextRules;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Reads a registration's fields. A method returns its field's value, or notes an error and returns a harmless value. */
final class RequestFields extends JsonFields {

    /** Digits by which an exponent may shift a number's point: arithmetic on more overflows, also in our consumers. */
    private static final int MAX_SCALE = 10_000;

    /** Maximum length of a number in a string, as for a JSON number. */
    private static final int MAX_NUMBER_LENGTH = 1_000;

    /** What Python's {@code float} reads, except for words (inf, nan) and underscores. */
    private static final Pattern NUMBER = Pattern.compile("[+-]?(\\d++(\\.\\d*+)?|\\.\\d++)([eE][+-]?\\d++)?");

    RequestFields(ObjectNode fields) {
        super(fields);
    }

    boolean isSent(String name) {
        return sent(name) != null;
    }

    /** Required, trimmed, not blank; its length counts in UTF-16 units. */
    String identity(String name, int maxLength) {
        String text = text(name, Integer.MAX_VALUE);
        if (text.length() > maxLength) {
            refuse(name, "must not be longer than " + maxLength + " characters (UTF-16 units)");
        }
        return text;
    }

    /** Required, trimmed, not blank. */
    String text(String name, int maxLength) {
        refuseAbsent(name);
        return Objects.requireNonNullElse(optional(name, maxLength), "");
    }

    /** Trimmed, not blank. */
    @Nullable
    String optional(String name, int maxLength) {
        String text = optionalUntrimmed(name, maxLength);
        return text == null ? null : TextRules.trim(text);
    }

    /** Not blank. The length is that of the trimmed text. */
    @Nullable
    String optionalUntrimmed(String name, int maxLength) {
        JsonNode node = sent(name);
        if (node == null) {
            return null;
        }
        if (!node.isString()) {
            refuse(name, "must be a string");
            return null;
        }
        String text = node.stringValue();
        if (TextRules.isBlank(text)) {
            refuse(name, "must not be blank");
        }
        refuseUnstorable(name, text);
        refuseLonger(name, TextRules.trim(text), maxLength);
        return text;
    }

    /** Required; see {@link #numberOr}. */
    double number(String name) {
        refuseAbsent(name);
        return numberOr(name, 0);
    }

    /** Finite. A number, or a string that holds one: the same number either way, and so the same registration. */
    double numberOr(String name, double absent) {
        JsonNode node = sent(name);
        if (node == null) {
            return absent;
        }
        Optional<BigDecimal> number =
                node.isNumber() ? Optional.of(node.decimalValue()) : numberIn(node.stringValue(""));
        if (number.isEmpty()) {
            refuse(name, "must be a number");
            return 0;
        }
        double value = number.get().doubleValue();
        if (!Double.isFinite(value)) {
            refuse(name, "must be a number that a double can hold");
        }
        return value;
    }

    /** A JSON object, whatever is in it, as long as it can be stored and delivered; its size counts as compact UTF-8. */
    @Nullable
    ObjectNode optionalObject(String name, int maxBytes) {
        JsonNode node = sent(name);
        if (node == null) {
            return null;
        }
        if (!(node instanceof ObjectNode object)) {
            refuse(name, "must be a JSON object");
            return null;
        }
        Optional<String> reason = unstorable(object);
        if (reason.isPresent()) {
            refuse(name, reason.get());
            return object;
        }
        int size = StrictJson.MAPPER.writeValueAsBytes(object).length;
        if (size > maxBytes) {
            refuse(name, "is " + size + " bytes of compact JSON; at most " + maxBytes + " are allowed");
        }
        return object;
    }

    /** A JSON object of strings, in its order; empty when absent. */
    Map<String, String> optionalTexts(String name, int maxEntries, int maxKeyLength, int maxLength) {
        JsonNode node = sent(name);
        Map<String, String> texts = new LinkedHashMap<>();
        if (node == null) {
            return texts;
        }
        if (!(node instanceof ObjectNode object)) {
            refuse(name, "must be a JSON object of strings");
            return texts;
        }
        if (object.size() > maxEntries) {
            refuse(name, "has " + object.size() + " entries; at most " + maxEntries + " are allowed");
            return texts;
        }
        object.forEachEntry((key, value) -> {
            String entry = name + "." + key;
            Optional<String> reason = TextRules.unstorable(key);
            if (reason.isPresent()) {
                refuse(name, "has a key that " + reason.get());
            } else if (!value.isString()) {
                refuse(entry, "must be a string");
            } else {
                refuseUnstorable(entry, value.stringValue());
                refuseLonger(entry, value.stringValue(), maxLength);
                if (key.codePointCount(0, key.length()) > maxKeyLength) {
                    refuse(name, "has a key that is longer than " + maxKeyLength + " characters");
                }
                texts.put(key, value.stringValue());
            }
        });
        return texts;
    }

    private void refuseAbsent(String name) {
        if (!isSent(name)) {
            refuse(name, "is required");
        }
    }

    private static Optional<BigDecimal> numberIn(String text) {
        String trimmed = TextRules.trim(text);
        if (trimmed.length() > MAX_NUMBER_LENGTH || !NUMBER.matcher(trimmed).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new BigDecimal(trimmed));
        } catch (NumberFormatException e) {
            // An exponent beyond what BigDecimal can hold.
            return Optional.empty();
        }
    }

    private void refuseLonger(String name, String text, int maxLength) {
        if (text.codePointCount(0, text.length()) > maxLength) {
            refuse(name, "must not be longer than " + maxLength + " characters");
        }
    }

    /** Recursive; {@link StrictJson#MAX_DEPTH} bounds the depth. */
    private static Optional<String> unstorable(JsonNode node) {
        if (node.isString()) {
            return TextRules.unstorable(node.stringValue());
        }
        if (node.isNumber()) {
            BigDecimal number = node.decimalValue();
            return Math.abs((long) number.scale()) > MAX_SCALE
                    ? Optional.of("contains a number with an exponent beyond " + MAX_SCALE)
                    : Optional.empty();
        }
        return Stream.concat(
                        node.propertyNames().stream().map(TextRules::unstorable),
                        node.valueStream().map(RequestFields::unstorable))
                .flatMap(Optional::stream)
                .findFirst();
    }
}

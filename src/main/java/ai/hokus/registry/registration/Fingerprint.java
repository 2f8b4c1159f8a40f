package ai.hokus.registry.registration;

import ai.hokus.registry.Sha256;
import ai.hokus.registry.web.StrictJson;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Tells whether two registrations say the same: SHA-256 of the request's content in a canonical form.
 *
 * <p>The order of keys, white space, the spelling of a number (1, 1.0, 10e-1) and the sender make no difference, nor does a
 * tag with the value that this service would fill in anyway. The fingerprint is stored. Changing its inputs turns every
 * earlier registration, when sent again, into a conflict.
 */
final class Fingerprint {

    private final StringBuilder canonical = new StringBuilder();

    private Fingerprint() {}

    /** 64 hexadecimal digits. */
    static String of(RegistrationEvent event) {
        RegistrationRequest request = event.request();
        Map<String, String> tags = new TreeMap<>(event.tags());
        tags.remove(RegistrationEvent.USER_ID);

        Fingerprint fingerprint = new Fingerprint();
        fingerprint.texts(request.modelName(), request.version(), request.tokenId());
        fingerprint.texts(request.proposalIdentifier(), request.metricName());
        fingerprint.number(new BigDecimal(request.baselineValue()));
        fingerprint.number(new BigDecimal(request.currentValue()));
        fingerprint.texts(request.mlflowRunId(), request.modelUri(), request.evalSpec(), request.scorerRef());
        fingerprint.texts(request.primaryMetric(), request.benchmarkSpecId());
        tags.forEach(fingerprint::texts);
        fingerprint.json(request.apiSchema());
        return Sha256.of(fingerprint.canonical.toString());
    }

    private void texts(@Nullable String... texts) {
        for (String text : texts) {
            text(text);
        }
    }

    /** The length comes first, so that no text can look like the end of one text and the start of the next. */
    private void text(@Nullable String text) {
        if (text == null) {
            canonical.append('-');
        } else {
            canonical.append('"').append(text.length()).append(':').append(text);
        }
    }

    /** Independent of how a JDK prints a double. */
    private void number(BigDecimal number) {
        canonical.append('#').append(number.stripTrailingZeros()).append(' ');
    }

    /** Recursive; {@link StrictJson#MAX_DEPTH} bounds the depth. */
    private void json(@Nullable JsonNode node) {
        if (node == null) {
            canonical.append('-');
        } else if (node.isString()) {
            text(node.stringValue());
        } else if (node.isNumber()) {
            number(node.decimalValue());
        } else if (node.isArray()) {
            canonical.append('[');
            node.forEach(this::json);
            canonical.append(']');
        } else if (node.isObject()) {
            Map<String, JsonNode> sorted = new TreeMap<>();
            node.forEachEntry(sorted::put);
            canonical.append('{');
            sorted.forEach((key, value) -> {
                text(key);
                json(value);
            });
            canonical.append('}');
        } else {
            canonical.append(node);
        }
    }
}

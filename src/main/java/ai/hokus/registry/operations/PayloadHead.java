package ai.hokus.registry.operations;

import ai.hokus.registry.web.StrictJson;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The beginning of a message's payload, which names the version and the token before anything that can be long: a list of messages
 * shows both without reading whole payloads.
 */
final class PayloadHead {

    /** From the payload's field names to those that a list shows, which are the columns of {@code registration}. */
    private static final Map<String, String> COLUMNS = Map.of("model_version", "version", "token_symbol", "token_id");

    private PayloadHead() {}

    /** Adds {@code version} and {@code token_id}; null where the payload does not begin as a registration's does. */
    static void addTo(Map<String, @Nullable Object> row, String head) {
        row.put("version", null);
        row.put("token_id", null);
        try (JsonParser parser = StrictJson.MAPPER.createParser(head)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String column = COLUMNS.get(parser.currentName());
                if (parser.nextToken() == JsonToken.VALUE_STRING && column != null) {
                    row.put(column, parser.getString());
                }
                parser.skipChildren();
            }
        } catch (JacksonException e) {
            // The head ends within the JSON. Both fields come before its end, unless the payload is of another kind.
            return;
        }
    }
}

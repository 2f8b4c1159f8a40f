package ai.hokus.registry.web;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The fields of a JSON object that was sent, and what is wrong with them. A {@code null} counts as absent. */
public abstract class JsonFields extends FieldErrors {

    protected final ObjectNode fields;

    protected JsonFields(ObjectNode fields) {
        this.fields = fields;
    }

    protected final @Nullable JsonNode sent(String name) {
        JsonNode node = fields.get(name);
        return node == null || node.isNull() ? null : node;
    }
}

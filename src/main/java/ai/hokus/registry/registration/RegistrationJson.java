package ai.hokus.registry.registration;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON as registrations are read and written, apart from whatever the rest of the service configures. */
final class RegistrationJson {

    /**
     * How deep a request's JSON may be nested. The event repeats api_schema one level deeper at most; consumers' and our own
     * parsers allow 500 and more.
     */
    static final int DEEPEST = 100;

    /**
     * Keeps numbers as they were sent, every digit; refuses a key that comes twice in one object, since nobody can say which
     * of the two the client meant; refuses anything after the value. Writes compactly, text as it is, keys in the order in
     * which they were put.
     */
    static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .disable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
            .build();

    private RegistrationJson() {}
}

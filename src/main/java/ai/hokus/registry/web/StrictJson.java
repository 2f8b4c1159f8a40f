package ai.hokus.registry.web;

import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.springframework.web.ErrorResponseException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** How requests are read and registrations are written as JSON, whatever the rest of the service configures. */
public final class StrictJson {

    /**
     * How deep a request's JSON may be nested. The event repeats api_schema one level deeper at most; consumers' and our own
     * parsers allow 500 and more.
     */
    public static final int MAX_DEPTH = 100;

    /**
     * How many values, names and brackets a request's JSON may have: each takes up to 130 bytes, so all of them 6 MB. An
     * api_schema of 128 KB that describes an API has 30,000.
     */
    static final int MAX_TOKENS = 50_000;

    /**
     * Keeps numbers as they were sent, every digit; refuses a key that comes twice in one object, and anything after the value.
     * Writes compactly, text as it is, keys in the order in which they were put, names of records in snake_case.
     */
    public static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .maxTokenCount(MAX_TOKENS)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .disable(JsonNodeFeature.WRITE_PROPERTIES_SORTED)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private StrictJson() {}

    /**
     * Reads a JSON object in UTF-8. A byte order mark before it is ignored, as RFC 8259 allows.
     *
     * @throws ErrorResponseException 422 where the body is not one
     */
    public static ObjectNode readObject(byte[] body) {
        int start = body.length >= 3 && Arrays.equals(body, 0, 3, BYTE_ORDER_MARK, 0, 3) ? 3 : 0;
        // Decoded piece by piece: as one text the body would be in memory three times.
        Reader text = new InputStreamReader(
                new ByteArrayInputStream(body, start, body.length - start), StandardCharsets.UTF_8.newDecoder());
        try {
            if (MAPPER.readTree(text) instanceof ObjectNode object) {
                return object;
            }
        } catch (JacksonIOException e) {
            throw malformed("is not UTF-8");
        } catch (JacksonException e) {
            throw malformed("is not the JSON that is accepted here: " + reason(e));
        } catch (NumberFormatException e) {
            // Jackson lets it through where an exponent exceeds what BigDecimal can hold.
            throw malformed("contains a number whose exponent is too large");
        }
        throw malformed("must be a JSON object");
    }

    private static ErrorResponseException malformed(String message) {
        return Problem.exception(List.of(FieldError.ofBody(message)));
    }

    private static String reason(JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        return at == null
                ? e.getOriginalMessage()
                : e.getOriginalMessage() + " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
    }
}

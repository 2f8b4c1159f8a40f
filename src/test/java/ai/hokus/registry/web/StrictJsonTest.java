package ai.hokus.registry.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.springframework.web.ErrorResponseException;

/** How much a request's JSON may hold. */
class StrictJsonTest {

    /** Otherwise 1 MB of empty objects becomes 30 MB of nodes, in a field that nobody reads. */
    @Test
    void a_body_of_more_values_than_a_registration_needs_is_refused_whole() {
        ErrorResponseException refused =
                catchThrowableOfType(ErrorResponseException.class, () -> StrictJson.readObject(json(objects(350_000))));

        assertThat(refused.getStatusCode().value()).isEqualTo(422);
        assertThat(refused.getBody().getProperties())
                .hasToString("{errors=[FieldError[field=body, message="
                        + "is not the JSON that is accepted here: Token count (50001) exceeds the maximum allowed (50000, from"
                        + " `StreamReadConstraints.getMaxTokenCount()`)]]}");
    }

    /** As large as an api_schema may be: 128 KB of short properties. */
    @Test
    void a_description_of_an_api_may_be_as_large_as_is_allowed() {
        String property = "\"p0000\":{\"type\":\"integer\"}";
        String properties = (property + ",").repeat(128 * 1024 / (property.length() + 1));
        StringBuilder schema = new StringBuilder(properties).append("\"last\":{}");
        for (int i = 0, at = 0; (at = schema.indexOf("p0000", at)) >= 0; i++) {
            schema.replace(at, at + 5, "p%04d".formatted(i));
        }

        assertThat(StrictJson.readObject(json("{" + schema + "}")).at("/x").size())
                .isGreaterThan(4_500);
        assertThat(StrictJson.readObject(json(objects(24_000))).at("/x").size()).isEqualTo(24_000);
    }

    @Test
    void a_byte_order_mark_is_ignored() {
        byte[] body = "\uFEFF{\"é\":1}".getBytes(StandardCharsets.UTF_8);

        assertThat(StrictJson.readObject(body)).hasToString("{\"é\":1}");
    }

    private static String objects(int count) {
        return "[" + "{},".repeat(count - 1) + "{}]";
    }

    private static byte[] json(String x) {
        return ("{\"x\":" + x + "}").getBytes(StandardCharsets.UTF_8);
    }
}

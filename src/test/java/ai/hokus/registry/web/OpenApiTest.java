package ai.hokus.registry.web;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.ServiceVersion;
import ai.hokus.registry.support.TestKeys;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Import;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import tools.jackson.databind.JsonNode;

/** What the API's description says to a person, to Swagger UI and to a generator of clients. */
@SpringBootTest
@AutoConfigureMockMvc
@Import(TestKeys.class)
class OpenApiTest {

    @Autowired
    private MockMvcTester http;

    @Autowired
    private ServiceVersion version;

    @Test
    void it_says_what_this_service_is() {
        JsonNode api = description();

        assertThat(api.at("/info/title").stringValue()).isEqualTo("Registration Outbox");
        assertThat(api.at("/info/version").stringValue()).isEqualTo(version.value());
    }

    @Test
    void its_server_is_wherever_it_was_loaded_from() {
        assertThat(description().at("/servers").toString()).isEqualTo("[{\"url\":\"/\"}]");
    }

    @Test
    void a_key_may_be_sent_in_each_of_the_three_ways() {
        JsonNode api = description();
        JsonNode schemes = api.at("/components/securitySchemes");

        assertThat(schemes.at("/bearer/type").stringValue()).isEqualTo("http");
        assertThat(schemes.at("/bearer/scheme").stringValue()).isEqualTo("bearer");
        assertThat(schemes.at("/apiKey/in").stringValue()).isEqualTo("header");
        assertThat(schemes.at("/apiKey/name").stringValue()).isEqualTo("Authorization");
        assertThat(schemes.at("/xApiKey/name").stringValue()).isEqualTo("X-API-Key");
        // One of them is enough: alternatives are items of the list.
        assertThat(api.at("/security").valueStream().map(JsonNode::toString))
                .containsExactly("{\"bearer\":[]}", "{\"apiKey\":[]}", "{\"xApiKey\":[]}");
    }

    @Test
    void what_is_open_asks_for_no_key() {
        JsonNode paths = description().at("/paths");

        for (String path : List.of("/live", "/ready", "/health~1alb".replace("~1", "/"))) {
            assertThat(paths.get(path).at("/get/security").toString()).as(path).isEqualTo("[]");
        }
        assertThat(paths.get("/models").at("/get/security").isMissingNode())
                .as("the general rule")
                .isTrue();
    }

    @Test
    void operations_show_what_their_bodies_hold() {
        JsonNode api = description();

        for (String path : List.of(
                "/outbox/partitions/{partition}/{change}",
                "/outbox/parked/{message_id}/{decision}",
                "/outbox/resend",
                "/outbox/purge",
                "/outbox/put-back")) {
            String reference = api.at("/paths")
                    .get(path)
                    .at("/post/requestBody/content/application~1json/schema/$ref")
                    .stringValue();
            JsonNode schema = api.at(reference.substring(1));
            assertThat(schema.at("/required").valueStream().map(JsonNode::stringValue))
                    .as(path)
                    .contains("reason");
            assertThat(schema.at("/properties").propertyNames()).as(path).contains("dry_run");
        }
    }

    @Test
    void what_needs_a_key_says_what_is_answered_without_one_that_is_good_enough() {
        JsonNode api = description();
        List<String> statuses = List.of("401", "402", "403", "429", "503");

        assertThat(api.at("/components/responses").propertyNames())
                .as("in one order, at each start")
                .containsExactlyElementsOf(statuses);
        for (String status : statuses) {
            assertThat(api.at("/paths/~1models~1tokenized-registration-events/post/responses")
                            .has(status))
                    .as(status)
                    .isTrue();
            assertThat(api.at("/paths/~1outbox~1status/get/responses")
                            .get(status)
                            .get("$ref")
                            .stringValue())
                    .isEqualTo("#/components/responses/" + status);
            assertThat(api.at("/components/responses")
                            .get(status)
                            .at("/content/application~1problem+json/schema/$ref")
                            .stringValue())
                    .isEqualTo("#/components/schemas/Problem");
            assertThat(api.at("/paths/~1live/get/responses").has(status))
                    .as("what is open")
                    .isFalse();
        }
        assertThat(api.at("/components/schemas/Problem").isObject()).isTrue();
        assertThat(api.at("/paths/~1models~1tokenized-registration-events/post/responses/503/description")
                        .stringValue())
                .as("an operation's own description stays")
                .contains("The database failed");
    }

    @Test
    void names_are_in_snake_case_as_they_are_in_the_json() {
        assertThat(description().at("/components/schemas").valueStream())
                .flatMap(schema -> schema.at("/properties").propertyNames())
                .contains("relay_since", "oldest_pending_age_ms", "model_id")
                .allMatch(name -> name.matches("[a-z0-9_]+"));
    }

    private JsonNode description() {
        byte[] body = http.get().uri("/v3/api-docs").exchange().getResponse().getContentAsByteArray();
        return StrictJson.MAPPER.readTree(new String(body, StandardCharsets.UTF_8));
    }
}

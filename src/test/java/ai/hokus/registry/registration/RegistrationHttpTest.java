package ai.hokus.registry.registration;

import static ai.hokus.registry.registration.Examples.LEAST;
import static ai.hokus.registry.registration.Examples.with;
import static ai.hokus.registry.registration.Examples.without;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.web.StrictJson;
import com.zaxxer.hikari.HikariDataSource;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import tools.jackson.databind.JsonNode;

/** What clients see, over the whole application and a real H2. */
@SpringBootTest(
        properties = {"spring.datasource.hikari.maximum-pool-size=4", "spring.datasource.hikari.connection-timeout=250"
        })
@AutoConfigureMockMvc
@Import(TestKeys.class)
class RegistrationHttpTest {

    private static final String EVENTS = "/models/tokenized-registration-events";

    @TestConfiguration(proxyBeanMethods = false)
    static class StandingClock {

        @Bean
        @Primary
        Clock standingClock() {
            return Clock.fixed(Examples.NOON, ZoneOffset.UTC);
        }
    }

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        registry.add("spring.datasource.url", () -> url);
    }

    @Autowired
    private MockMvcTester http;

    @Autowired
    private JdbcTemplate jdbc;

    @Autowired
    private HikariDataSource pool;

    @BeforeEach
    void nothing_is_stored() {
        jdbc.update("DELETE FROM outbox_message");
        jdbc.update("DELETE FROM registration");
        jdbc.update("DELETE FROM model");
    }

    @ParameterizedTest
    @ValueSource(strings = {EVENTS, "/api" + EVENTS})
    void a_registration_is_answered_with_the_clients_keys_in_their_order(String path) {
        for (int time = 1; time <= 2; time++) {
            MvcTestResult answer = post(path, with("model_name", "\"naïve\""));

            assertThat(answer).hasStatus(200).hasContentType(MediaType.APPLICATION_JSON);
            assertThat(answer).bodyText().isEqualTo("""
                    {"status":"ok","model_id":"naïve/3/CHURN","model_name":"naïve","version":"3",\
                    "event_emitted":true,"detail":null}""");
        }
        assertThat(messages()).isEqualTo(1);
    }

    /** An answer of unknown length is sent in two pieces. */
    @Test
    void an_answer_says_how_long_it_is() {
        MvcTestResult answer = post(EVENTS, LEAST);

        assertThat(answer.getResponse().getHeader(HttpHeaders.CONTENT_LENGTH))
                .isEqualTo(Integer.toString(answer.getResponse().getContentAsByteArray().length));
    }

    @Test
    void the_caller_is_whose_key_it_is() {
        post(EVENTS, LEAST);

        assertThat(jdbc.queryForList("SELECT user_id FROM registration", String.class))
                .containsExactly(TestKeys.USER);
    }

    @Test
    void bad_input_is_answered_with_everything_that_is_wrong_with_it() {
        MvcTestResult answer = post(EVENTS, without("model_name").replace("0.8", "true"));

        assertThat(answer).hasStatus(422).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(answer).bodyJson().isStrictlyEqualTo("""
                {"title":"Unprocessable Content","status":422,"instance":"/models/tokenized-registration-events",
                 "detail":"model_name is required; baseline_value must be a number",
                 "errors":[{"field":"model_name","message":"is required"},
                           {"field":"baseline_value","message":"must be a number"}]}""");
        assertThat(messages()).isZero();
    }

    @Test
    void malformed_json_is_bad_input() {
        MvcTestResult answer = post(EVENTS, "{\"model_name\":");

        assertProblem(answer, 422);
        assertThat(answer).bodyJson().extractingPath("$.errors[0].field").isEqualTo("body");
    }

    @Test
    void a_payload_that_is_too_large_is_bad_input() {
        String tags = IntStream.range(0, 100)
                .mapToObj(i -> "\"tag-" + i + "\":\"" + "x".repeat(2_000) + "\"")
                .collect(Collectors.joining(",", "{", "}"));
        MvcTestResult answer = post(
                EVENTS,
                with("api_schema", "{\"a\":\"" + "x".repeat(100_000) + "\"}")
                        .replaceFirst("}$", ",\"tags\":" + tags + "}"));

        assertProblem(answer, 422);
        assertThat(answer).bodyText().contains("bytes; at most 262144 are allowed");
    }

    @Test
    void a_body_that_is_too_large_is_not_read() {
        assertProblem(post(EVENTS, LEAST + " ".repeat(1024 * 1024)), 413);
    }

    @Test
    void other_content_of_the_same_identity_is_a_conflict() {
        post(EVENTS, LEAST);

        MvcTestResult answer = post(EVENTS, with("current_value", "0.9"));

        assertProblem(answer, 409);
        assertThat(answer).bodyText().contains("churn/3/CHURN is registered already, with other content");
        assertThat(messages()).isEqualTo(1);
    }

    @Test
    void what_is_not_json_is_not_taken() {
        assertProblem(
                http.post()
                        .uri(EVENTS)
                        .contentType(MediaType.TEXT_PLAIN)
                        .content(LEAST)
                        .exchange(),
                415);
        assertProblem(http.get().uri(EVENTS).exchange(), 405);
        assertProblem(http.get().uri("/nowhere").exchange(), 404);
        assertThat(messages()).isZero();
    }

    @Test
    void a_lock_that_does_not_come_is_answered_with_try_again() throws Exception {
        post(EVENTS, LEAST);
        try (Connection other = pool.getConnection()) {
            other.setAutoCommit(false);
            other.createStatement().executeQuery("SELECT name FROM model FOR UPDATE");

            assertTryAgain(post(EVENTS, with("version", "\"4\"")), "Nothing was stored");
            other.rollback();
        }
        assertThat(messages()).isEqualTo(1);
    }

    @Test
    void a_database_that_cannot_be_reached_is_answered_with_try_again() throws Exception {
        List<Connection> taken = new ArrayList<>();
        try {
            for (int i = 0; i < pool.getMaximumPoolSize(); i++) {
                taken.add(pool.getConnection());
            }
            assertTryAgain(post(EVENTS, LEAST), "Nothing was stored");
            assertTryAgain(http.get().uri("/models").exchange(), "may be sent again");
        } finally {
            for (Connection connection : taken) {
                connection.close();
            }
        }
        assertThat(messages()).isZero();
    }

    @Test
    void a_mistake_of_ours_is_answered_without_its_stack_trace() {
        jdbc.execute("ALTER TABLE outbox_message RENAME TO outbox_message_away");
        try {
            MvcTestResult answer = post(EVENTS, LEAST);

            assertProblem(answer, 500);
            assertThat(answer).bodyText().doesNotContain("outbox_message", "ai.hokus");
        } finally {
            jdbc.execute("ALTER TABLE outbox_message_away RENAME TO outbox_message");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/models/churn/3", "/api/models/churn/3", "/models?name=churn&version=3", "/api/models"})
    void a_registration_is_read_back(String path) {
        post(EVENTS, with("api_schema", "{\"a\":[1.10,123456789012345678901234567890]}"));
        String messageId = jdbc.queryForObject("SELECT message_id FROM outbox_message", String.class);

        MvcTestResult answer = http.get().uri(path).exchange();

        assertThat(answer).hasStatus(200).hasContentType(MediaType.APPLICATION_JSON);
        assertThat(answer).bodyText().isEqualTo("""
                {"registrations":[{"model_id":"churn/3/CHURN","model_name":"churn","version":"3","token_id":"CHURN",\
                "proposal_identifier":"P-1","metric_name":"auroc","baseline_value":0.8,"current_value":0.8,\
                "model_uri":null,"mlflow_run_id":"run-1","eval_spec":null,"scorer_ref":null,"primary_metric":null,\
                "benchmark_spec_id":null,"tags":{"user_id":"ada","proposal_identifier":"P-1"},\
                "api_schema":{"a":[1.10,123456789012345678901234567890]},"message_id":"%s",\
                "registered_at":"2026-11-22T12:00:00.120456Z"}],"next":null}""".formatted(messageId));
    }

    @Test
    void what_was_never_registered_is_not_found() {
        assertProblem(http.get().uri("/models/churn/3").exchange(), 404);
        assertThat(http.get().uri("/models").exchange()).bodyText().isEqualTo("{\"registrations\":[],\"next\":null}");
    }

    @Test
    void pages_follow_each_other_to_the_end() {
        for (int version = 1; version <= 5; version++) {
            post(EVENTS, with("version", "\"v" + version + "\""));
            post(EVENTS, with("model_name", "\"other\"").replace("\"3\"", "\"v" + version + "\""));
        }

        assertThat(versions("/models?name=churn&limit=2"))
                .containsExactly(List.of("v1", "v2"), List.of("v3", "v4"), List.of("v5"));
        assertThat(versions("/models?limit=5")).hasSize(2);
        assertThat(versions("/models?name=churn&version=v2")).containsExactly(List.of("v2"));
        assertThat(versions("/models/churn/v2?limit=1")).containsExactly(List.of("v2"));
    }

    @ParameterizedTest
    @CsvSource({
        "/models?limit=0,limit",
        "/models?limit=201,limit",
        "/models?limit=many,limit",
        "/models?after=-1,after",
        "/models?after=1.5,after",
        "/models?after=9223372036854775808,after",
        "/models?name=a%00b,name",
        "/models?name=a&version=%00,version",
        "/models?version=v2,version",
        "/models/churn/3?limit=0,limit",
    })
    void a_bad_parameter_is_named(String uri, String parameter) {
        MvcTestResult answer = http.get().uri(URI.create(uri)).exchange();

        assertProblem(answer, 422);
        assertThat(answer).bodyJson().extractingPath("$.errors[0].field").isEqualTo(parameter);
    }

    @Test
    void the_api_describes_its_requests_answers_and_errors() {
        MvcTestResult answer = http.get().uri("/v3/api-docs").exchange();

        assertThat(answer).hasStatus(200);
        JsonNode api = StrictJson.MAPPER.readTree(text(answer));
        JsonNode post = api.at("/paths/~1models~1tokenized-registration-events/post");
        assertThat(post.at("/responses").propertyNames()).contains("200", "409", "413", "415", "422", "503");
        assertThat(post.at("/requestBody/content/application~1json/schema/$ref").stringValue())
                .endsWith("/RegistrationRequest");
        assertThat(post.at("/responses/422/content/application~1problem+json/schema/$ref")
                        .stringValue())
                .endsWith("/Problem");
        JsonNode request = api.at("/components/schemas/RegistrationRequest");
        assertThat(request.at("/required").valueStream().map(JsonNode::stringValue))
                .containsExactlyInAnyOrder(
                        "model_name",
                        "version",
                        "token_id",
                        "proposal_identifier",
                        "metric_name",
                        "baseline_value",
                        "mlflow_run_id");
        assertThat(request.at("/properties/metric_name/example").stringValue()).isEqualTo("auroc");
        assertThat(request.at("/properties/api_schema/type").stringValue()).isEqualTo("object");
        for (String number : List.of("baseline_value", "current_value")) {
            assertThat(request.at("/properties/" + number + "/type")
                            .valueStream()
                            .map(JsonNode::stringValue))
                    .containsExactlyInAnyOrder("number", "string");
            assertThat(request.at("/properties/" + number + "/description").stringValue())
                    .contains("true and false are refused");
        }
        JsonNode stored = api.at("/components/schemas/Registration/properties");
        assertThat(stored.at("/tags/type").stringValue()).isEqualTo("object");
        assertThat(stored.at("/api_schema/type").valueStream().map(JsonNode::stringValue))
                .containsExactlyInAnyOrder("object", "null");
        assertThat(api.at("/paths/~1models~1{name}~1{version}/get/responses").propertyNames())
                .contains("200", "404", "422", "503");
    }

    /** The versions of each page, from this one to the last. */
    private List<List<String>> versions(String firstPage) {
        List<List<String>> pages = new ArrayList<>();
        String path = firstPage;
        while (true) {
            JsonNode page = StrictJson.MAPPER.readTree(text(http.get().uri(path).exchange()));
            pages.add(page.get("registrations")
                    .valueStream()
                    .map(registration -> registration.get("version").stringValue())
                    .toList());
            if (page.get("next").isNull()) {
                return pages;
            }
            path = firstPage + "&after=" + page.get("next").longValue();
        }
    }

    private MvcTestResult post(String path, String body) {
        return http.post()
                .uri(path)
                .contentType(MediaType.APPLICATION_JSON)
                .content(body)
                .exchange();
    }

    private int messages() {
        return jdbc.queryForList("SELECT 1 FROM outbox_message").size();
    }

    private static void assertTryAgain(MvcTestResult answer, String detail) {
        assertProblem(answer, 503);
        assertThat(answer).hasHeader(HttpHeaders.RETRY_AFTER, "1");
        assertThat(answer).bodyText().contains(detail);
    }

    private static void assertProblem(MvcTestResult answer, int status) {
        assertThat(answer).hasStatus(status).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(answer).bodyJson().extractingPath("$.status").isEqualTo(status);
        assertThat(answer).bodyJson().extractingPath("$.detail").asString().isNotBlank();
        assertThat(text(answer)).doesNotContain("\"trace\"");
    }

    private static String text(MvcTestResult answer) {
        return new String(answer.getResponse().getContentAsByteArray(), StandardCharsets.UTF_8);
    }
}

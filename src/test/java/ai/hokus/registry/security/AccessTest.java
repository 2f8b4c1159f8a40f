package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

/** Who gets in where, over the whole application. */
@SpringBootTest(properties = "management.endpoints.web.exposure.include=*")
@AutoConfigureMockMvc
class AccessTest {

    private static final String EVENTS = "/models/tokenized-registration-events";

    private static final String LEAST = """
            {"model_name":"churn","version":"3","token_id":"CHURN","proposal_identifier":"P-1","metric_name":"auroc",
             "baseline_value":0.8,"mlflow_run_id":"run-1"}""";

    private static final Path KEYS = TestKeys.file(
            TestKeys.line("writer", "wanda", "model:write"),
            TestKeys.line("reader", "rita", "model:read"),
            TestKeys.line("observer", "otto", "outbox:read"),
            TestKeys.line("operator", "olga", "outbox:operate"),
            TestKeys.line("full", "fred", "full_access"),
            TestKeys.line("none", "nora", "billing:read"));

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        registry.add("spring.datasource.url", () -> url);
        registry.add("registry.security.key-file", KEYS::toString);
    }

    @Autowired
    private MockMvcTester http;

    @Autowired
    private ApplicationContext context;

    @Test
    void every_mapped_route_has_a_rule() {
        List<String> routes = new ArrayList<>();
        List<String> withoutRule = new ArrayList<>();
        for (RequestMappingInfoHandlerMapping mapping :
                context.getBeansOfType(RequestMappingInfoHandlerMapping.class).values()) {
            for (RequestMappingInfo route : mapping.getHandlerMethods().keySet()) {
                for (String pattern : route.getPatternValues()) {
                    for (String method : methods(route)) {
                        routes.add(method + " " + pattern);
                        String path = pattern.replace("/**", "/a/b").replaceAll("\\{[^}]*}", "a");
                        MockHttpServletRequest request = new MockHttpServletRequest(method, path);
                        if (AccessRules.of(request).isEmpty()) {
                            withoutRule.add(method + " " + pattern);
                        }
                    }
                }
            }
        }
        assertThat(routes)
                .contains("POST " + EVENTS, "GET /health", "GET /actuator/metrics", "POST /actuator/loggers/{name}")
                .hasSizeGreaterThan(20);
        assertThat(withoutRule).isEmpty();
    }

    private static Set<String> methods(RequestMappingInfo route) {
        Set<RequestMethod> methods = route.getMethodsCondition().getMethods();
        return methods.isEmpty()
                ? Set.of("GET", "POST")
                : Set.copyOf(methods.stream().map(RequestMethod::name).toList());
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /models/tokenized-registration-events, 401, 422, 403, 403, 403, 422, 403",
        "POST, /api/models/tokenized-registration-events, 401, 422, 403, 403, 403, 422, 403",
        "GET, /models, 401, 200, 200, 403, 403, 200, 403",
        "GET, /api/models, 401, 200, 200, 403, 403, 200, 403",
        "GET, /models/churn/9, 401, 404, 404, 403, 403, 404, 403",
        "GET, /outbox/anything, 401, 403, 403, 404, 404, 404, 403",
        "POST, /outbox/anything, 401, 403, 403, 403, 404, 403, 403",
        "DELETE, /outbox/anything, 401, 403, 403, 403, 404, 403, 403",
        "GET, /actuator, 401, 403, 403, 200, 200, 200, 403",
        "GET, /actuator/env, 401, 403, 403, 200, 200, 200, 403",
        "POST, /actuator/loggers/a, 401, 403, 403, 403, 415, 403, 403",
        "GET, /health?detailed=true, 401, 403, 403, 200, 200, 200, 403",
        "GET, /nowhere, 401, 404, 404, 404, 404, 404, 404",
        "GET, /error, 401, 404, 404, 404, 404, 404, 404",
        "DELETE, /models, 401, 405, 405, 405, 405, 405, 405",
        "GET, /models/tokenized-registration-events, 401, 405, 405, 405, 405, 405, 405",
    })
    void a_path_lets_in_whom_its_rule_names(
            String method,
            String path,
            int nobody,
            int writer,
            int reader,
            int observer,
            int operator,
            int full,
            int none) {
        Map<String, Integer> expected = Map.of(
                "unknown",
                nobody,
                "writer",
                writer,
                "reader",
                reader,
                "observer",
                observer,
                "operator",
                operator,
                "full",
                full,
                "none",
                none);
        assertThat(ask(method, path, null)).as("without a key").hasStatus(nobody);
        expected.forEach((key, status) -> {
            MvcTestResult answer = ask(method, path, "Bearer " + key);
            assertThat(answer).as(key).hasStatus(status);
            if (status >= 400) {
                assertThat(answer).as(key).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"model:write", "mlflow:write", "mlflow:access", "mlflow:admin", "admin", "write", "full_access"})
    void each_write_scope_registers(String scope) {
        assertThat(Permission.REGISTER.isGrantedBy(Set.of("billing:read", scope)))
                .isTrue();
        assertThat(Permission.READ.isGrantedBy(Set.of(scope))).isTrue();
        assertThat(Permission.OPERATE.isGrantedBy(Set.of(scope))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/health",
                "/health?detailed=false",
                "/health/alb",
                "/live",
                "/ready",
                "/v3/api-docs",
                "/swagger-ui.html"
            })
    void what_is_open_asks_for_nothing(String path) {
        assertThat(ask("GET", path, null).getResponse().getStatus()).isNotIn(401, 403);
        assertThat(ask("GET", path, "Bearer unknown").getResponse().getStatus()).isNotIn(401, 403);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/health?detailed=TRUE",
                "/health?detailed=1",
                "/health?detailed=on",
                "/health?detailed=yes",
                "/health?detailed=%20true",
                "/health?detailed=false&detailed=true",
                "/health?detailed=true&detailed=false",
                "/health?detailed",
                "/health?detaile%64=true",
                "/healt%68?detailed=true",
                "/health/?detailed=true"
            })
    void no_spelling_of_the_question_gets_details_without_a_key(String path) {
        MvcTestResult answer = ask("GET", path, null);

        assertThat(answer).hasStatus(401);
        assertThat(answer).bodyText().doesNotContain("backlog");
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization, Bearer reader",
        "Authorization, bearer reader",
        "Authorization, ApiKey reader",
        "Authorization, Bearer   reader ",
        "X-API-Key, reader",
    })
    void a_key_comes_in_three_forms(String header, String value) {
        assertThat(http.get().uri("/models").header(header, value).exchange()).hasStatus(200);
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization, reader",
        "Authorization, Basic cmVhZGVyOg==",
        "Authorization, Bearer",
        "Authorization, Bearer reader reader",
        "X-API-Key, Reader",
        "X-API-Key, reade",
    })
    void what_is_no_key_is_none(String header, String value) {
        assertThat(http.get().uri("/models").header(header, value).exchange()).hasStatus(401);
    }

    @Test
    void without_a_key_the_answer_says_what_is_needed() {
        MvcTestResult answer = ask("POST", EVENTS, null);

        assertThat(answer).hasHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"registration-outbox\"");
        assertThat(answer).bodyJson().isStrictlyEqualTo("""
                {"title":"Unauthorized","status":401,"instance":"/models/tokenized-registration-events","detail":
                 "An API key is needed: Authorization: Bearer KEY, Authorization: ApiKey KEY, or X-API-Key: KEY."}""");
        assertThat(ask("POST", EVENTS, "Bearer unknown"))
                .hasHeader(
                        HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"registration-outbox\", error=\"invalid_token\"");
    }

    @Test
    void a_method_that_a_path_does_not_take_is_answered_with_those_that_it_does() {
        assertThat(ask("PUT", EVENTS, "Bearer writer")).hasStatus(405).hasHeader(HttpHeaders.ALLOW, "POST");
        assertThat(ask("DELETE", "/models", "Bearer writer")).hasHeader(HttpHeaders.ALLOW, "GET, HEAD");
    }

    @Test
    void the_user_id_is_the_keys_and_not_the_requests() {
        assertThat(http.post()
                        .uri(EVENTS)
                        .header("X-API-Key", "writer")
                        .principal(() -> "mallory")
                        .contentType(MediaType.APPLICATION_JSON)
                        .content(LEAST.replace("}", ",\"tags\":{\"user_id\":\"mallory\"}}"))
                        .exchange())
                .hasStatus(200);

        assertThat(ask("GET", "/models", "Bearer reader"))
                .bodyJson()
                .extractingPath("$.registrations[0].tags.user_id")
                .isEqualTo("wanda");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/models", "/health", "/live", "/nowhere", "/v3/api-docs", "/actuator/health"})
    void every_answer_carries_the_headers_that_protect_a_browser(String path) {
        MvcTestResult answer = ask("GET", path, "Bearer reader");

        assertThat(answer)
                .hasHeader("X-Content-Type-Options", "nosniff")
                .hasHeader("X-Frame-Options", "DENY")
                .hasHeader("Referrer-Policy", "no-referrer");
        assertThat(answer.getResponse().getHeader("Content-Security-Policy"))
                .startsWith("default-src 'none'; frame-ancestors 'none'");
        assertThat(answer.getResponse().getHeader("Cache-Control")).contains("no-store");
        assertThat(answer.getResponse().getCookies()).isEmpty();
        assertThat(answer.getRequest().getSession(false)).isNull();
    }

    @Test
    void the_pages_run_their_own_scripts_alone() {
        assertThat(ask("GET", "/console", null).getResponse().getHeader("Content-Security-Policy"))
                .contains("script-src 'self';", "connect-src 'self'")
                .doesNotContain("unsafe");
        assertThat(ask("GET", "/swagger-ui/index.html", null).getResponse().getHeader("Content-Security-Policy"))
                .contains("script-src 'self';", "style-src 'self' 'unsafe-inline'");
        assertThat(ask("GET", "/swagger-ui/index.html", null)).hasStatus(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/models/a;b/1",
                "/models/a%2fb/1",
                "/models/../outbox",
                "/models/%2e%2e/outbox",
                "/models/a%5cb/1",
                "/models/a%00b/1",
                "/models/a%0ab/1"
            })
    void a_path_with_hidden_turns_is_refused(String path) {
        MvcTestResult answer = ask("GET", path, "Bearer full");

        assertThat(answer).hasStatus(400).hasContentType(MediaType.APPLICATION_PROBLEM_JSON);
    }

    @Test
    void a_name_with_a_percent_sign_can_be_read() {
        assertThat(ask("GET", "/models/50%25/1", "Bearer reader")).hasStatus(404);
    }

    private MvcTestResult ask(String method, String path, String authorization) {
        var request = http.method(HttpMethod.valueOf(method)).uri(URI.create(path));
        if (method.equals("POST") && path.endsWith("events")) {
            request.contentType(MediaType.APPLICATION_JSON).content("{}");
        }
        if (authorization != null) {
            request.header(HttpHeaders.AUTHORIZATION, authorization);
        }
        return request.exchange();
    }
}

package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.hokus.registry.security.AuthServiceStub.Answer;
import ai.hokus.registry.security.AuthServiceStub.Question;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** What clients notice of an auth service that is slow or wrong, over HTTP, with a server of few threads. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "server.tomcat.threads.max=" + AuthServiceOutageTest.THREADS,
            "spring.threads.virtual.enabled=false",
            "registry.registration.max-concurrent-requests=2",
            "registry.security.auth-service.id=registry",
            "registry.security.auth-service.cache-ttl=0s",
            "registry.security.auth-service.timeout=60s"
        })
@DirtiesContext
class AuthServiceOutageTest {

    static final int THREADS = 40;

    private static final String EVENTS = "/models/tokenized-registration-events";

    private static final Answer ADA = new Answer(200, "{\"user_id\":4711,\"scopes\":[\"model:write\"]}");

    /** Less than the auth service's timeout: whoever waits for a service that hangs fails the test. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final AuthServiceStub SERVICE = new AuthServiceStub(ADA);

    private final HttpClient http = HttpClient.newHttpClient();

    @LocalServerPort
    private int port;

    @DynamicPropertySource
    static void surroundings(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        registry.add("spring.datasource.url", () -> url);
        registry.add("registry.security.auth-service.url", SERVICE::url);
    }

    @AfterAll
    static void close() {
        SERVICE.close();
    }

    @AfterEach
    void beWell() {
        SERVICE.goOn();
        SERVICE.answers(question -> ADA);
    }

    @Test
    void clients_with_new_keys_take_neither_health_nor_known_keys_with_them() throws Exception {
        assertThat(register("known", "1").statusCode()).isEqualTo(200);
        SERVICE.hang();
        List<CompletableFuture<HttpResponse<String>>> clients = new ArrayList<>();
        for (int i = 0; i < 5 * THREADS; i++) {
            clients.add(http.sendAsync(request("/outbox", "new").GET().build(), HttpResponse.BodyHandlers.ofString()));
        }
        await().atMost(PATIENCE)
                .until(() -> clients.stream().filter(CompletableFuture::isDone).count() == 5 * THREADS - THREADS / 2);
        assertThat(clients.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .allSatisfy(answer -> {
                    assertThat(answer.statusCode()).isEqualTo(503);
                    assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                    assertThat(answer.body()).contains("Nothing was stored");
                });

        for (String path : List.of("/live", "/ready", "/health", "/health/alb")) {
            assertThat(get(path, "").statusCode()).as(path).isEqualTo(200);
        }
        assertThat(register("known", "2").statusCode()).isEqualTo(200);
        SERVICE.goOn();
        assertThat(clients.stream().map(CompletableFuture::join).filter(answer -> answer.statusCode() == 403))
                .as("they waited")
                .hasSize(THREADS / 2);
    }

    @Test
    void health_says_how_the_auth_service_answers() throws Exception {
        SERVICE.answers(200, "{\"user_id\":4711,\"scopes\":[\"outbox:read\"]}");
        assertThat(get("/health?detailed=true", "operator").body())
                .contains("\"auth_service\":\"healthy\"", "\"auth_service\":{\"state\":\"answering\"");
        SERVICE.answers(200, "<html>");
        for (String key : List.of("new-1", "new-2", "new-3")) {
            assertThat(get("/models", key).statusCode()).isEqualTo(503);
        }

        assertThat(get("/health?detailed=true", "operator").body())
                .contains(
                        "\"auth_service\":\"unhealthy\"",
                        "\"state\":\"failing\"",
                        "\"last_problem\":\"it answered 200 with something that is not JSON\"",
                        "the auth service gives no verdict on keys");
        assertThat(get("/health", "").body()).doesNotContain("auth_service");
    }

    @Test
    void a_key_that_cannot_be_asked_about_because_we_ask_too_much_is_told_when_to_come_again() throws Exception {
        SERVICE.answers(429, "", "Retry-After", "17");

        HttpResponse<String> answer = get("/models", "throttled");

        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(answer.headers().firstValue("Retry-After")).contains("17");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains("auth service receives too many requests");
    }

    @Test
    void an_account_that_cannot_pay_is_answered_with_402() throws Exception {
        SERVICE.answers(200, "{\"user_id\":\"ada\",\"scopes\":[\"admin\"],\"has_sufficient_balance\":false}");

        HttpResponse<String> answer = get("/models", "poor");

        assertThat(answer.statusCode()).isEqualTo(402);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains("balance").contains("\"status\":402");
    }

    @Test
    void a_numeric_user_id_is_the_registrations_user() throws Exception {
        register("numeric", "3");

        assertThat(get("/models", "numeric").body()).contains("\"user_id\":\"4711\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "203.0.113.9 | 203.0.113.9",
                "203.0.113.9, 10.0.0.7 | 203.0.113.9",
                "1.2.3.4, 203.0.113.9 | 203.0.113.9",
                "2001:db8::1 | 2001:db8::1",
            })
    void the_clients_address_goes_along_as_the_nearest_proxy_saw_it(String forwarded, String address) throws Exception {
        String key = "forwarded-" + forwarded.hashCode();
        send(request("/models", key).header("X-Forwarded-For", forwarded));

        assertThat(bodyAbout(key)).isEqualTo("{\"service_id\":\"registry\",\"client_ip\":\"" + address + "\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"unknown", "\"><script>", "_hidden"})
    void what_is_no_address_does_not(String forwarded) throws Exception {
        String key = "forwarded-" + forwarded.hashCode();
        send(request("/models", key).header("X-Forwarded-For", forwarded));

        assertThat(bodyAbout(key)).isEqualTo("{\"service_id\":\"registry\"}");
    }

    private static String bodyAbout(String key) {
        return SERVICE.questions().stream()
                .filter(question -> question.isAbout(key))
                .map(Question::body)
                .findFirst()
                .orElseThrow();
    }

    private HttpResponse<String> register(String key, String version) throws IOException, InterruptedException {
        return send(request(EVENTS, key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(RunningService.registration("churn", version))));
    }

    private HttpResponse<String> get(String path, String key) throws IOException, InterruptedException {
        return send(request(path, key));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return http.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path, String key) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        return key.isEmpty() ? request : request.header("X-API-Key", key);
    }
}

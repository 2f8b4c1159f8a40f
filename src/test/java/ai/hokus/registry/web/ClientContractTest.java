package ai.hokus.registry.web;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestKeys;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.JdbcTemplate;

/** What existing clients send, browsers and scanners included, over real connections to the real web server. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@Import(TestKeys.class)
@ExtendWith(OutputCaptureExtension.class)
class ClientContractTest {

    private static final String EVENTS = "/models/tokenized-registration-events";
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @LocalServerPort
    private int port;

    @Autowired
    private JdbcTemplate jdbc;

    private final String version = UUID.randomUUID().toString();

    private int storedBefore;

    @BeforeEach
    void count() {
        storedBefore = stored();
    }

    // ---- content types -------------------------------------------------------------------------------------------

    @Test
    void a_body_without_a_content_type_is_json() {
        assertThat(send(request(EVENTS).POST(BodyPublishers.ofString(registration())))
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "application/json; charset=utf-8",
                "Application/JSON;charset=\"UTF-8\"",
                "application/json; charset=utf8",
                "application/json; charset=nonsense",
                "application/json;",
                "application/cloudevents+json",
                "",
            })
    void json_is_json_whatever_its_parameters(String contentType) throws IOException {
        assertThat(raw("POST " + EVENTS + " HTTP/1.1", registration(), "Content-Type: " + contentType))
                .startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=nonsense",
                "application/octet-stream",
                "application/jsonp",
                "multipart/form-data",
                "multipart/form-data; boundary=a",
                "multipart/form-data; boundary=",
                "multipart/mixed",
                "nonsense",
                "/",
                ";",
            })
    void what_is_declared_as_something_else_is_415(String contentType, CapturedOutput log) throws IOException {
        for (String path : List.of(EVENTS, "/outbox/purge")) {
            String answer = raw("POST " + path + " HTTP/1.1", registration(), "Content-Type: " + contentType);

            assertThat(answer).startsWith("HTTP/1.1 415 ").contains("application/problem+json");
        }
        assertThat(log.getOut()).doesNotContain("ERROR", "\tat ");
        assertThat(stored()).isEqualTo(storedBefore);
    }

    @ParameterizedTest
    @ValueSource(strings = {"multipart/form-data", "application/x-www-form-urlencoded; charset=nonsense"})
    void a_content_type_does_not_harm_where_nobody_reads_a_body(String contentType, CapturedOutput log)
            throws IOException {
        for (String line : List.of("GET /health", "GET /models", "PUT /models", "DELETE /outbox/anything")) {
            int status = status(raw(line + " HTTP/1.1", "a=b", "Content-Type: " + contentType));
            assertThat(status).as(line).isIn(200, 404, 405);
        }
        assertThat(log.getOut()).doesNotContain("ERROR", "\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "br", "deflate", "x-gzip", "zstd", "gzip, identity", "nonsense"})
    void a_compressed_body_is_415_and_says_what_is_read_instead(String encoding) throws IOException {
        for (String path : List.of(EVENTS, "/outbox/purge")) {
            HttpResponse<String> answer = send(request(path)
                    .header("Content-Type", "application/json")
                    .header("Content-Encoding", encoding)
                    .POST(BodyPublishers.ofByteArray(gzip(registration()))));

            assertProblem(answer, 415);
            assertThat(answer.headers().firstValue("Accept-Encoding")).hasValue("identity");
            assertThat(answer.body()).contains("Content-Encoding");
        }
        assertThat(stored()).isEqualTo(storedBefore);
    }

    @Test
    void identity_is_no_compression() {
        assertThat(send(request(EVENTS)
                                .header("Content-Encoding", "identity")
                                .POST(BodyPublishers.ofString(registration())))
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"*/*", "text/html", "application/xml", "nonsense", "a/b/c", "application/json;q=0", "\"", ","})
    void whatever_a_client_accepts_it_gets_json(String accept) throws IOException {
        assertThat(raw(
                        "POST " + EVENTS + " HTTP/1.1",
                        registration(),
                        "Content-Type: application/json",
                        "Accept: " + accept))
                .startsWith("HTTP/1.1 200 ")
                .contains("\"event_emitted\":true");
        for (String path : List.of("/models", "/health", "/outbox/status", "/v3/api-docs")) {
            String answer = raw("GET " + path + " HTTP/1.1", "", "Accept: " + accept);
            assertThat(answer).as(path).startsWith("HTTP/1.1 200 ").contains("\r\nContent-Type: application/json");
        }
        assertThat(raw("GET /models/nobody/1 HTTP/1.1", "", "Accept: " + accept))
                .startsWith("HTTP/1.1 404 ")
                .contains("application/problem+json");
    }

    @Test
    void metrics_for_prometheus_are_still_text() {
        assertThat(get("/actuator/prometheus").headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
    }

    // ---- bodies --------------------------------------------------------------------------------------------------

    @Test
    void a_byte_order_mark_is_no_part_of_the_body() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(BYTE_ORDER_MARK);
        body.write(registration().getBytes(StandardCharsets.UTF_8));

        assertThat(send(request(EVENTS).POST(BodyPublishers.ofByteArray(body.toByteArray())))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void a_number_may_stand_in_a_string_and_is_the_same_registration() {
        assertThat(register(registration()).statusCode()).isEqualTo(200);
        assertThat(register(registration().replace("0.5", "\" 5e-1 \"")).statusCode())
                .isEqualTo(200);
        assertThat(stored()).isEqualTo(storedBefore + 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                "false",
                "\"true\"",
                "\"\"",
                "\"NaN\"",
                "\"Infinity\"",
                "\"inf\"",
                "\"1e999\"",
                "1e999",
                "\"1e99999999999\"",
                "1e99999999999",
                "\"0x1p-1\"",
                "\"1d\"",
                "\"0,5\"",
                "NaN",
                "{\"a\":1}",
                "null",
            })
    void what_is_no_finite_number_is_422(String value) {
        HttpResponse<String> answer = register(registration().replace("0.5", value));

        assertProblem(answer, 422);
        assertThat(stored()).isEqualTo(storedBefore);
    }

    static Stream<Arguments> unreadable() {
        String deep = "{\"a\":".repeat(10_000);
        return Stream.of(
                Arguments.of("nested deeply", deep),
                Arguments.of("keys twice", "{\"reason\":\"x\",\"dry_run\":true,\"dry_run\":false}"),
                Arguments.of("two values", "{} {}"),
                Arguments.of("an array", "[]"),
                Arguments.of("broken off", "{\"reason\""),
                Arguments.of("NUL", "{\"reason\":\"a\\u0000b\",\"model_name\":\"\\u0000\"}"),
                Arguments.of("half a pair", "{\"reason\":\"a\\ud800b\",\"model_name\":\"\\ud800\"}"),
                Arguments.of("a huge number", "{\"reason\":1e99999999999}"),
                Arguments.of("a long number", "{\"reason\":" + "9".repeat(10_000) + "}"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unreadable")
    void a_body_that_cannot_be_read_is_422_everywhere(String what, String body, CapturedOutput log) {
        for (String path : List.of(EVENTS, "/outbox/purge", "/outbox/resend", "/outbox/partitions/0/pause")) {
            assertProblem(
                    send(request(path)
                            .header("Content-Type", "application/json")
                            .POST(BodyPublishers.ofString(body))),
                    422);
        }
        assertThat(log.getOut()).doesNotContain("ERROR", "\tat ");
    }

    @Test
    void a_huge_body_is_413_for_operators_too() {
        assertProblem(
                send(request("/outbox/purge")
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString("{\"reason\":\"" + "x".repeat(1_500_000) + "\"}"))),
                413);
    }

    // ---- paths and methods ---------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {EVENTS + "/", "/api" + EVENTS + "/"})
    void a_registration_may_be_posted_to_a_trailing_slash(String path) {
        assertThat(send(request(path).POST(BodyPublishers.ofString(registration())))
                        .statusCode())
                .isEqualTo(200);
        assertThat(stored()).isEqualTo(storedBefore + 1);
    }

    @ParameterizedTest
    @CsvSource({
        "/models/, 200",
        "/api/models/, 200",
        "/models/nobody/1/, 404",
        "/models/?name=nobody, 200",
        "/health/, 200",
        "/health/?detailed=true, 200",
        "/health/alb/, 200",
        "/live/, 200",
        "/ready/, 200",
        "/outbox/status/, 200",
        "/actuator/prometheus/, 200",
        "/v3/api-docs/, 200",
    })
    void a_trailing_slash_makes_no_difference(String path, int status) {
        assertThat(get(path).statusCode()).isEqualTo(status);
    }

    @Test
    void a_trailing_slash_gets_nobody_past_a_rule() {
        for (String path : List.of("/models/", "/outbox/status/", "/actuator/prometheus/", "/health/?detailed=true")) {
            assertThat(send(HttpRequest.newBuilder(uri(path))).statusCode())
                    .as(path)
                    .isEqualTo(401);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "PROPFIND, /models, 'GET, HEAD'",
        "PROPFIND, /console/dashboard.js, 'GET, HEAD'",
        "get, /models, 'GET, HEAD'",
        "PATCH, /models, 'GET, HEAD'",
        "OPTIONS, /models, 'GET, HEAD'",
    })
    void a_method_that_is_not_for_this_path_is_405(String method, String path, String allowed) throws IOException {
        assertThat(raw(method + " " + path + " HTTP/1.1", ""))
                .startsWith("HTTP/1.1 405 ")
                .contains("\r\nAllow: " + allowed + "\r\n", "application/problem+json");
    }

    /** The web server itself refuses it, whoever asks. */
    @ParameterizedTest
    @ValueSource(strings = {"/models", EVENTS, "/health", "/console", "/nowhere"})
    void trace_is_405(String path) throws IOException {
        assertThat(raw("TRACE " + path + " HTTP/1.1", ""))
                .startsWith("HTTP/1.1 405 ")
                .contains("\r\nAllow: ", "application/problem+json")
                .doesNotContain(TestKeys.KEY);
        assertThat(raw("OPTIONS * HTTP/1.1", "")).contains("\r\nAllow: ").doesNotContain("TRACE");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CONNECT 127.0.0.1:443",
                "CONNECT /models",
                "TRACE *",
                "GET models",
                "GET http://[/models",
                "GET /models/%zz/1",
                "GET /models/%ff/1",
                "GET /models?name=%zz",
                "GET /models?name=%ff",
                "GET /health?detailed=%zz",
                "GET /outbox/messages?model=%zz",
                "GET /outbox/messages?model=%00",
                "GET /outbox/messages?limit=1e999",
                "GET /outbox/messages?after=99999999999999999999",
                "GET /outbox/operations?limit=-1",
                "GET /WEB-INF/web.xml",
                "GET /META-INF/MANIFEST.MF",
                "GET /error",
                "GET /nowhere",
                "GET /webjars/",
                "GET /console/nothing.js",
                "GET /v3/api-docs/nothing",
                "GET /nowhere HTTP/9.9\r\nX-Rest:",
            })
    void a_wrong_request_line_is_a_clients_mistake(String line, CapturedOutput log) throws IOException {
        String answer = raw(line + " HTTP/1.1", "");

        assertThat(status(answer)).as(answer).isBetween(400, 499).isNotIn(401, 403);
        assertThat(answer).contains("application/problem+json").doesNotContain("\tat ", "Exception", "static resource");
        assertThat(log.getOut()).doesNotContain("ERROR", "\tat ");
    }

    @Test
    void more_parameters_than_anybody_needs_are_a_clients_mistake() throws IOException {
        assertThat(status(raw("GET /models?" + "a&".repeat(2_000) + " HTTP/1.1", "")))
                .isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"org%2Fmodel", "org%2fmodel", "org%5Cmodel", "org%5cmodel", "a;b", "a%3Bb", "a%0Ab", "a%00b"})
    void a_name_that_cannot_stand_in_a_path_is_answered_with_the_way_to_ask_for_it(String name) throws IOException {
        for (String prefix : List.of("/models/", "/api/models/")) {
            assertThat(raw("GET " + prefix + name + "/1 HTTP/1.1", ""))
                    .startsWith("HTTP/1.1 400 ")
                    .contains("application/problem+json", "/models?name=");
        }
    }

    // ---- browsers ------------------------------------------------------------------------------------------------

    @Test
    void the_root_leads_to_the_console_without_a_key() {
        for (String accept : List.of("text/html,application/xhtml+xml", "*/*")) {
            HttpResponse<String> answer = send(HttpRequest.newBuilder(uri("/")).header("Accept", accept));

            assertThat(answer.statusCode()).isEqualTo(302);
            assertThat(answer.headers().firstValue("Location")).hasValue("console");
        }
        assertThat(send(HttpRequest.newBuilder(uri("/console"))).body()).contains("<title>Registration Outbox");
        for (String page : List.of("/console", "/console/messages/1")) {
            assertThat(send(HttpRequest.newBuilder(uri(page + "/"))).headers().firstValue("Location"))
                    .hasValue(page);
        }
    }

    /** Behind a load balancer the scheme that this service sees is not the client's. */
    @Test
    void no_redirect_names_a_scheme_or_a_host() {
        HttpResponse<String> answer = get("/swagger-ui.html");

        assertThat(answer.statusCode()).isEqualTo(302);
        assertThat(answer.headers().firstValue("Location")).hasValue("/swagger-ui/index.html");
        assertThat(get("/v3/api-docs").body()).doesNotContain("127.0.0.1", "http://", "localhost");
        assertThat(get("/swagger-ui/swagger-initializer.js").body()).contains("\"../v3/api-docs\"");
    }

    // ---- helpers -------------------------------------------------------------------------------------------------

    private String registration() {
        return RunningService.registration("client", version);
    }

    private HttpResponse<String> register(String body) {
        return send(request(EVENTS).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)));
    }

    private HttpResponse<String> get(String path) {
        return send(request(path));
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).header("X-API-Key", TestKeys.KEY);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return HTTP.send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** As no client library would send it; the answer with its head. */
    private String raw(String requestLine, String body, String... headers) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(30_000);
            StringBuilder head =
                    new StringBuilder(requestLine + "\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-API-Key: "
                            + TestKeys.KEY + "\r\nContent-Length: " + bytes.length + "\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            ByteArrayOutputStream request = new ByteArrayOutputStream();
            request.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
            request.writeBytes(bytes);
            socket.getOutputStream().write(request.toByteArray());
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static int status(String answer) {
        assertThat(answer).startsWith("HTTP/1.1 ");
        return Integer.parseInt(answer.substring(9, 12));
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void assertProblem(HttpResponse<String> answer, int status) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.body()).contains("\"detail\":\"").doesNotContain("\tat ", "Exception");
    }

    private int stored() {
        return jdbc.queryForList("SELECT 1 FROM registration").size();
    }
}

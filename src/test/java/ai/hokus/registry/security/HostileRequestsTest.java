package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.web.servlet.assertj.MockMvcTester;
import org.springframework.test.web.servlet.assertj.MvcTestResult;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * 20,000 hostile requests, from a seed that is printed ({@code -Dfuzz.seed=N} repeats it, {@code -Dfuzz.requests=N} sends more
 * or fewer). None is answered with a 5xx or a stack trace, none leaves half a registration, and what is accepted arrives as it
 * was sent.
 */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"registry.security.request-body-timeout=2s", "logging.level.ai.hokus.registry=warn"})
@AutoConfigureMockMvc
@Import(TestKeys.class)
class HostileRequestsTest {

    private static final int THROUGH_MOCK_MVC = Integer.getInteger("fuzz.requests", 19_700);
    private static final int THROUGH_A_SOCKET = 300;
    private static final String EVENTS = "/models/tokenized-registration-events";
    private static final String QUEUE = TestRedis.freshName("fuzz");
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final List<String> HOSTILE = List.of(
            "'; DROP TABLE registration; --",
            "\" OR \"1\"=\"1",
            "redis.call('FLUSHALL')",
            "]]--[==[ return 1",
            "KEYS[1] ARGV[1] %s %n %d",
            "${jndi:ldap://127.0.0.1/a} #{7*7} {{7*7}}",
            "\r\nHTTP/1.1 200 OK\r\nX-Injected: 1",
            "2026-11-23 INFO a forged line\n2026-11-23 INFO another",
            "\u001b[31mred\u001b[0m\b\f",
            "\u202Egnp.exe\u200B\uFEFF",
            "\ud83d\ude00 naïve Ω≈ç√ 漢字",
            "a\u0000b",
            "\ud800",
            "\udc00 lone",
            "../../../etc/passwd",
            "<script>alert(1)</script>",
            "\\ \\\\ \\\" / \u2028\u2029",
            "*1\r\n$8\r\nFLUSHALL\r\n",
            "\t \u00a0",
            "",
            "x".repeat(3_000),
            "é".repeat(300),
            "%00%0d%0a%2e%2e%2f",
            "null",
            "NaN");

    private static final List<String> VALUES = List.of(
            "1e308",
            "1e309",
            "-1e309",
            "1e-400",
            "1E+99999999999",
            "-0.0",
            "0.1000",
            "9".repeat(900),
            "9".repeat(1_200),
            "NaN",
            "Infinity",
            "01",
            "+1",
            ".5",
            "1.",
            "0x10",
            "true",
            "null",
            "[]",
            "{}",
            "[[[]]]",
            "\"1\"",
            "\"\"",
            "\"\\ud800\"",
            "\"\\u0000\"",
            "{\"a\":1,\"a\":2}",
            "\"\\x\"",
            "'a'",
            "1 // a",
            "");

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        registry.add("spring.datasource.url", () -> url);
        registry.add("REDIS_URL", () -> TestRedis.shared().url());
        registry.add("registry.queue.name", () -> QUEUE);
    }

    @Autowired
    private MockMvcTester http;

    @Autowired
    private JdbcTemplate jdbc;

    @LocalServerPort
    private int port;

    private final long seed = Long.getLong("fuzz.seed", 8);
    private final Random random = new Random(seed);
    private int accepted;

    @Test
    void nothing_hostile_gets_through_or_breaks_anything() throws IOException {
        System.out.println("fuzz.seed=" + seed);
        for (int i = 0; i < THROUGH_MOCK_MVC; i++) {
            if (random.nextInt(5) == 0) {
                ask(i);
            } else {
                register(i);
            }
        }
        for (int i = 0; i < THROUGH_A_SOCKET; i++) {
            overASocket(i);
        }

        assertThat(accepted).as("accepted; fewer would prove little").isGreaterThan(THROUGH_MOCK_MVC / 40);
        assertNothingIsHalfWritten();
        assertTheQueueHasWhatTheDatabaseHas();
    }

    private void register(int i) {
        Registration registration = new Registration(i);
        boolean spoiled = random.nextInt(4) > 0;
        byte[] body = spoiled ? spoil(registration) : registration.json().getBytes(StandardCharsets.UTF_8);
        MvcTestResult answer = http.post()
                .uri(random.nextBoolean() ? EVENTS : "/api" + EVENTS)
                .contentType(MediaType.APPLICATION_JSON)
                .header("X-Request-Id", pick(HOSTILE))
                .content(body)
                .exchange();
        int status = check(i, answer);
        if (status == 200 && !spoiled) {
            accepted++;
            registration.assertStored();
        }
    }

    private void ask(int i) {
        String path = pick(List.of(
                "/models/" + encoded(pick(HOSTILE)) + "/" + encoded(pick(HOSTILE)),
                "/models?name=" + encoded(pick(HOSTILE)) + "&version=" + encoded(pick(HOSTILE)),
                "/models?limit=" + encoded(pick(HOSTILE)) + "&after=" + encoded(pick(HOSTILE)),
                "/models?" + encoded(pick(HOSTILE)) + "=" + encoded(pick(HOSTILE)),
                "/" + encoded(pick(HOSTILE)),
                "/health?detailed=" + encoded(pick(HOSTILE)),
                "/outbox/" + encoded(pick(HOSTILE)),
                "/actuator/" + encoded(pick(HOSTILE)),
                "/api/models/a/1?limit=1&limit=2"));
        var request = http.method(
                        HttpMethod.valueOf(pick(List.of("GET", "GET", "GET", "HEAD", "PUT", "DELETE", "TRACE"))))
                .uri(URI.create(path))
                .header("Accept", pick(List.of("application/json", "text/html", "*/*", pick(HOSTILE))));
        if (random.nextInt(3) == 0) {
            request.header("Authorization", pick(List.of("Bearer ", "ApiKey ", "Basic ", "")) + pick(HOSTILE));
        }
        check(i, request.exchange());
    }

    private int check(int i, MvcTestResult answer) {
        String what = "request " + i + " of seed " + seed;
        assertThat(answer.getUnresolvedException()).as(what).isNull();
        int status = answer.getResponse().getStatus();
        checkText(what, status, new String(answer.getResponse().getContentAsByteArray(), StandardCharsets.UTF_8));
        return status;
    }

    private static void checkText(String what, int status, String text) {
        assertThat(status).as("%s: %s", what, text).isBetween(200, 499);
        if (status >= 400) {
            assertThat(text).as(what).doesNotContain("\tat ", "Exception", "ai.hokus", "org.springframework", "jdbc:");
        }
    }

    /** Raw bytes, as no client library would send them. */
    private void overASocket(int i) throws IOException {
        byte[] body = spoil(new Registration(1_000_000 + i));
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        String head = pick(List.of(
                "POST " + EVENTS + " HTTP/1.1\r\n",
                "POST " + EVENTS + " HTTP/1.1\r\n",
                "POST " + EVENTS + " HTTP/1.1\r\n",
                "GET /models/" + pick(HOSTILE) + " HTTP/1.1\r\n",
                "POST " + EVENTS + " HTTP/9.9\r\n",
                pick(HOSTILE) + "\r\n"));
        request.writeBytes((head + "Host: a\r\nConnection: close\r\nX-API-Key: " + TestKeys.KEY
                        + "\r\nContent-Type: application/json\r\n" + pick(List.of("X-A: ", "Cookie: ", "Accept: "))
                        + pick(HOSTILE) + "\r\n"
                        + pick(List.of(
                                "Content-Length: " + body.length,
                                "Content-Length: " + body.length,
                                "Content-Length: " + body.length / 2,
                                "Content-Length: -1",
                                "Transfer-Encoding: chunked"))
                        + "\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        request.writeBytes(body);
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            String answer;
            try {
                socket.getOutputStream().write(request.toByteArray());
                socket.shutdownOutput();
                answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (SocketException reset) {
                return; // refused while it was still being sent
            }
            if (answer.startsWith("HTTP/1.1 ")) {
                checkText(
                        "socket request " + i + " of seed " + seed, Integer.parseInt(answer.substring(9, 12)), answer);
            } else {
                // What looks like HTTP/0.9 is answered like that, without a status.
                checkText("socket request " + i + " of seed " + seed, 400, answer);
            }
        }
    }

    /** One of many ways to make it wrong; some leave it right. */
    private byte[] spoil(Registration registration) {
        String json = registration.json();
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        switch (random.nextInt(11)) {
            case 0: // bytes that were never there
                for (int n = 1 + random.nextInt(5); n > 0; n--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                return bytes;
            case 1: // broken off
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 2: // a piece twice
                int from = random.nextInt(json.length());
                return (json.substring(0, from) + json.substring(random.nextInt(from + 1)))
                        .getBytes(StandardCharsets.UTF_8);
            case 3: // noise
                byte[] noise = new byte[random.nextInt(2_000)];
                random.nextBytes(noise);
                return noise;
            case 4: // deep
                int depth = pick(List.of(90, 101, 500, 5_000, 100_000));
                String open = random.nextBoolean() ? "[" : "{\"a\":";
                return json.replaceFirst("}$", ",\"api_schema\":{\"a\":" + open.repeat(depth))
                        .getBytes(StandardCharsets.UTF_8);
            case 5: // numbers
                return json.replace("0.8", pick(VALUES)).getBytes(StandardCharsets.UTF_8);
            case 6: // keys that come twice
                return json.replaceFirst("}$", ",\"version\":" + pick(VALUES) + "}")
                        .getBytes(StandardCharsets.UTF_8);
            case 7: // another encoding
                return json.getBytes(
                        Charset.forName(pick(List.of("UTF-16", "UTF-16LE", "UTF-32", "ISO-8859-1", "IBM500"))));
            case 8: // overlong, and a byte order mark
                return concat(
                        random.nextBoolean()
                                ? new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf}
                                : new byte[] {(byte) 0xc0, (byte) 0x80},
                        bytes);
            case 9: // something of another kind
                return json.replaceFirst(
                                "}$",
                                ",\"" + pick(List.of("tags", "api_schema", "model_uri", "eval_spec", "current_value"))
                                        + "\":" + pick(VALUES) + "}")
                        .getBytes(StandardCharsets.UTF_8);
            default: // large
                int size = random.nextInt(40) == 0 ? 1_100_000 : random.nextInt(20_000);
                return json.replaceFirst(
                                "}$",
                                ",\"" + pick(List.of("tags", "api_schema")) + "\":{\"a\":\"" + "x".repeat(size)
                                        + "\"}}")
                        .getBytes(StandardCharsets.UTF_8);
        }
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private void assertNothingIsHalfWritten() {
        int registrations = count("SELECT count(*) FROM registration");
        assertThat(registrations).isGreaterThanOrEqualTo(accepted);
        assertThat(count("SELECT count(*) FROM outbox_message")).isEqualTo(registrations);
        assertThat(count("SELECT count(*) FROM registration r JOIN outbox_message m ON m.message_id = r.message_id"
                        + " AND m.message_key = r.model_name"))
                .isEqualTo(registrations);
        assertThat(count("SELECT count(*) FROM model WHERE name NOT IN (SELECT model_name FROM registration)"))
                .isZero();
    }

    private void assertTheQueueHasWhatTheDatabaseHas() {
        List<String> stored = jdbc.queryForList("SELECT payload FROM outbox_message ORDER BY id", String.class);
        List<String> elements = List.of();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (RedisConnection redis = TestRedis.shared().connect()) {
            while (elements.size() < stored.size() && System.nanoTime() < deadline) {
                elements = redis.texts("LRANGE", QUEUE, "0", "-1");
            }
        }
        elements = new ArrayList<>(elements);
        Collections.reverse(elements);
        stored = jdbc.queryForList("SELECT payload FROM outbox_message ORDER BY id", String.class);
        assertThat(elements).hasSameSizeAs(stored);
        for (int i = 0; i < stored.size(); i++) {
            assertThat(elements.get(i)).contains("\"payload\":" + stored.get(i) + ",\"timestamp\":");
        }
    }

    private int count(String sql) {
        Integer count = jdbc.queryForObject(sql, Integer.class);
        return count == null ? 0 : count;
    }

    private <T> T pick(List<T> all) {
        return all.get(random.nextInt(all.size()));
    }

    private static String encoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (('a' <= b && b <= 'z') || ('0' <= b && b <= '9')) {
                encoded.append((char) b);
            } else {
                encoded.append("%%%02X".formatted(b & 0xff));
            }
        }
        return encoded.toString();
    }

    /** A registration with hostile texts in it. */
    private final class Registration {

        private final String model;
        private final String version;
        private final String run = pick(HOSTILE);
        private final String tag = pick(HOSTILE);
        private final String schema = "{\"a\":[1.10,-0,1E+400,\"" + "é\\n\\\\" + "\"]}";

        Registration(int i) {
            model = random.nextInt(3) == 0 ? pick(HOSTILE) + i : "model-" + random.nextInt(50);
            version = "v" + i;
        }

        /** JSON that says exactly this, with characters escaped or raw as it happens. */
        String json() {
            return "{\"model_name\":" + quoted(model) + ",\"version\":" + quoted(version)
                    + ",\"token_id\":\"T\",\"proposal_identifier\":\"P\",\"metric_name\":\"f1\",\"baseline_value\":0.8,"
                    + "\"mlflow_run_id\":" + quoted(run) + ",\"tags\":{\"t\":" + quoted(tag) + "},\"api_schema\":"
                    + schema
                    + "}";
        }

        private String quoted(String text) {
            StringBuilder json = new StringBuilder("\"");
            for (char c : text.toCharArray()) {
                if (c < ' ' || c == '"' || c == '\\' || Character.isSurrogate(c) || random.nextInt(10) == 0) {
                    json.append("\\u%04x".formatted((int) c));
                } else {
                    json.append(c);
                }
            }
            return json.append('"').toString();
        }

        void assertStored() {
            String stored = jdbc.queryForObject(
                    "SELECT m.payload FROM outbox_message m JOIN registration r ON r.message_id = m.message_id"
                            + " WHERE r.version = ?",
                    String.class,
                    version);
            assertThat(stored).contains("\"api_schema\":{\"a\":[1.10,0,1E+400,\"é\\n\\\\\"]}");
            JsonNode payload = JSON.readTree(stored);
            assertThat(payload.get("model_name").stringValue()).isEqualTo(trimmed(model));
            assertThat(payload.get("mlflow_run_id").stringValue()).isEqualTo(trimmed(run));
            assertThat(payload.get("tags").get("t").stringValue()).isEqualTo(tag);
            assertThat(payload.get("tags").get("user_id").stringValue()).isEqualTo(TestKeys.USER);
        }

        /** As a Python client's {@code strip} would. */
        private static String trimmed(String text) {
            return text.replaceAll("^[\\s\\u00a0\\u2028\\u2029]+|[\\s\\u00a0\\u2028\\u2029]+$", "");
        }
    }
}

package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import ai.hokus.registry.security.KeyVerifier.Verdict.Known;
import ai.hokus.registry.security.KeyVerifier.Verdict.Unavailable;
import ai.hokus.registry.security.KeyVerifier.Verdict.Unknown;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** The auth service, played by a small HTTP server. */
@ExtendWith(OutputCaptureExtension.class)
class AuthServiceKeysTest {

    private static final ApiKey KEY = ApiKey.of("hk_live_abcdefghij");
    private static final String ADA =
            "{\"user_id\":\"ada\",\"key_id\":\"k\",\"scopes\":[\"model:write\",7],\"balance\":0.0}";
    private static final Verdict KNOWN = new Known(new ApiClient("ada", Set.of("model:write")));

    private static final Duration FRESH = Duration.ofSeconds(60);
    private static final Duration KEEP = Duration.ofMinutes(15);

    private final AtomicLong now = new AtomicLong();
    private final List<String> questions = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch hung = new CountDownLatch(1);

    private HttpServer server;
    private volatile int status = 200;
    private volatile String answer = ADA;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        hung.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    @Test
    void the_question_is_the_one_that_other_clients_ask() {
        assertThat(keys().verify(KEY)).isEqualTo(KNOWN);

        assertThat(questions)
                .containsExactly(
                        "POST /api/v1/keys/validate Bearer hk_live_abcdefghij application/json {\"service_id\":\"registry\"}");
    }

    @Test
    void its_word_counts_for_a_while() {
        AuthServiceKeys keys = keys();
        assertThat(keys.verify(KEY)).isEqualTo(KNOWN);
        answer = ADA.replace("ada", "grace");

        now.addAndGet(FRESH.toNanos() - 1);
        assertThat(keys.verify(KEY)).isEqualTo(KNOWN);
        now.addAndGet(1);
        assertThat(keys.verify(KEY)).isEqualTo(new Known(new ApiClient("grace", Set.of("model:write"))));
        assertThat(questions).hasSize(2);
    }

    @Test
    void a_revoked_key_ends_when_its_word_is_no_longer_fresh() {
        AuthServiceKeys keys = keys();
        keys.verify(KEY);
        status = 401;

        now.addAndGet(FRESH.toNanos());

        assertThat(keys.verify(KEY)).isEqualTo(new Unknown());
        status = 503;
        now.addAndGet(AuthServiceKeys.UNKNOWN_FOR.toNanos());
        assertThat(keys.verify(KEY)).isEqualTo(new Unavailable());
    }

    @Test
    void an_unknown_key_is_not_asked_about_again_and_again() {
        AuthServiceKeys keys = keys();
        status = 401;
        for (int i = 0; i < 100; i++) {
            assertThat(keys.verify(KEY)).isEqualTo(new Unknown());
        }
        assertThat(questions).hasSize(1);

        status = 200;
        now.addAndGet(AuthServiceKeys.UNKNOWN_FOR.toNanos());
        assertThat(keys.verify(KEY)).isEqualTo(KNOWN);
    }

    @Test
    void a_key_seen_valid_works_while_it_is_away_and_other_keys_wait() {
        AuthServiceKeys keys = keys();
        keys.verify(KEY);
        server.stop(0);

        now.addAndGet(KEEP.toNanos() - 1);
        assertThat(keys.verify(KEY)).isEqualTo(KNOWN);
        assertThat(keys.verify(ApiKey.of("another"))).isEqualTo(new Unavailable());
        now.addAndGet(1);
        assertThat(keys.verify(KEY)).isEqualTo(new Unavailable());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "500 | {}",
                "503 | ",
                "200 | not JSON",
                "200 | {}",
                "200 | {\"user_id\":\" \",\"scopes\":[]}",
                "200 | [1]",
            })
    void what_it_cannot_say_opens_the_breaker(int failing, String body) {
        AuthServiceKeys keys = keys();
        status = failing;
        answer = body == null ? "" : body;
        for (int i = 0; i < 50; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i))).isEqualTo(new Unavailable());
        }

        assertThat(questions).hasSize(5);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 404, 422, 429, 302})
    void what_it_says_about_one_request_does_not(int refusing) {
        AuthServiceKeys keys = keys();
        status = refusing;
        for (int i = 0; i < 20; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i))).isEqualTo(new Unavailable());
        }

        status = 200;
        assertThat(keys.verify(KEY)).isEqualTo(KNOWN);
    }

    @Test
    void a_service_that_hangs_costs_the_answers_timeout() {
        AuthServiceKeys keys = keys(Duration.ofMillis(200));
        status = -1;

        assertThat(keys.verify(KEY)).isEqualTo(new Unavailable());
    }

    @Test
    void requests_that_come_together_ask_once() {
        AuthServiceKeys keys = keys();
        status = -1;
        List<CompletableFuture<Verdict>> verdicts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            verdicts.add(CompletableFuture.supplyAsync(() -> keys.verify(KEY), threads));
        }
        hung.countDown();

        assertThat(verdicts).allSatisfy(verdict -> assertThat(verdict.join()).isEqualTo(KNOWN));
        assertThat(questions).hasSizeLessThan(3);
    }

    @Test
    void a_valid_answer_may_still_say_no() {
        answer = "{\"is_valid\":false,\"user_id\":\"ada\",\"scopes\":[\"admin\"]}";
        assertThat(keys().verify(KEY)).isEqualTo(new Unknown());
    }

    @Test
    void a_key_in_both_places_counts_as_the_first_says_and_unknown_needs_both() {
        KeyVerifier yes = key -> KNOWN;
        KeyVerifier no = key -> new Unknown();
        KeyVerifier away = key -> new Unavailable();

        assertThat(KeyVerifier.of(List.of(no, yes)).verify(KEY)).isEqualTo(KNOWN);
        assertThat(KeyVerifier.of(List.of(yes, away)).verify(KEY)).isEqualTo(KNOWN);
        assertThat(KeyVerifier.of(List.of(no, away)).verify(KEY)).isEqualTo(new Unavailable());
        assertThat(KeyVerifier.of(List.of(no, no)).verify(KEY)).isEqualTo(new Unknown());
    }

    @Test
    void no_part_of_a_key_is_logged(CapturedOutput output) {
        AuthServiceKeys keys = keys();
        for (int failing : new int[] {404, 500, 200, 401}) {
            status = failing;
            answer = "hk_live_abcdefghij";
            now.addAndGet(KEEP.toNanos());
            keys.verify(KEY);
        }
        assertThat(output.getAll()).contains("404").doesNotContain("hk_live", "abcdef");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"auth.example.com", "ftp://auth.example.com", "https://", "https://u:hunter2@auth", "http://a b"
            })
    void an_unusable_url_stops_the_start(String url) {
        assertThatThrownBy(() -> new AuthServiceKeys(settings(url, "registry", Duration.ofSeconds(2)), now::get))
                .isInstanceOf(UnusableKeySettingsException.class)
                .hasMessageStartingWith("AUTH_SERVICE_URL must be")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void a_url_without_an_id_stops_the_start() {
        assertThatThrownBy(() ->
                        new AuthServiceKeys(settings("https://auth.example.com", " ", Duration.ofSeconds(2)), now::get))
                .isInstanceOf(UnusableKeySettingsException.class)
                .hasMessageStartingWith("AUTH_SERVICE_ID must be set");
    }

    private void answer(HttpExchange exchange) throws IOException {
        questions.add(String.join(
                " ",
                exchange.getRequestMethod(),
                exchange.getRequestURI().toString(),
                exchange.getRequestHeaders().getFirst("Authorization"),
                exchange.getRequestHeaders().getFirst("Content-Type"),
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
        int answered = status;
        if (answered < 0) {
            try {
                hung.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            answered = 200;
        }
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        if (answered == 302) {
            exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/");
        }
        exchange.sendResponseHeaders(answered, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private AuthServiceKeys keys() {
        return keys(Duration.ofSeconds(20));
    }

    private AuthServiceKeys keys(Duration timeout) {
        return new AuthServiceKeys(
                settings("http://127.0.0.1:" + server.getAddress().getPort() + "/", "registry", timeout), now::get);
    }

    private static SecuritySettings.AuthService settings(String url, String id, Duration timeout) {
        return new SecuritySettings.AuthService(url, id, Duration.ofMillis(150), timeout, FRESH, KEEP, 1_000);
    }
}

package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.security.AuthServiceStatus.State;
import ai.hokus.registry.security.AuthServiceStub.Answer;
import ai.hokus.registry.security.AuthServiceStub.Question;
import ai.hokus.registry.security.KeyVerifier.Verdict;
import ai.hokus.registry.security.KeyVerifier.Verdict.InsufficientBalance;
import ai.hokus.registry.security.KeyVerifier.Verdict.Known;
import ai.hokus.registry.security.KeyVerifier.Verdict.Throttled;
import ai.hokus.registry.security.KeyVerifier.Verdict.Unavailable;
import ai.hokus.registry.security.KeyVerifier.Verdict.Unknown;
import ai.hokus.registry.support.SettableClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Keys of an auth service that is healthy, slow, wrong or unreachable. */
@ExtendWith(OutputCaptureExtension.class)
class AuthServiceKeysTest {

    private static final String HOME = "192.0.2.1";
    private static final String ELSEWHERE = "198.51.100.7";

    private static final ApiKey KEY = ApiKey.of("hk_live_abcdefghij");
    private static final String ADA =
            "{\"user_id\":\"ada\",\"key_id\":\"k\",\"scopes\":[\"model:write\",7],\"balance\":0.0}";
    private static final Verdict KNOWN = new Known("ada", Set.of("model:write"));
    private static final Verdict KNOWN_AS_GRACE = new Known("grace", Set.of("model:write"));

    private static final Duration CACHE_TTL = Duration.ofSeconds(60);
    private static final Duration STALE_TTL = Duration.ofMinutes(15);

    /** Longer than any test waits: whoever waits for a service that hangs fails the test. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int MAX_WAITING = 3;

    private final SettableClock clock = new SettableClock();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AuthServiceWatch watch = new AuthServiceWatch(true, clock, clock, registry);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AuthServiceStub service = new AuthServiceStub(new Answer(200, ADA));

    @AfterEach
    void stop() {
        service.close();
        threads.shutdownNow();
    }

    @Test
    void the_question_is_the_one_that_other_clients_ask() {
        assertThat(keys().verify(KEY, HOME)).isEqualTo(KNOWN);

        assertThat(service.questions())
                .containsExactly(new Question(
                        "POST",
                        "/api/v1/keys/validate",
                        "Bearer hk_live_abcdefghij",
                        "application/json",
                        "{\"service_id\":\"registry\",\"client_ip\":\"192.0.2.1\"}"));
    }

    @Test
    void an_address_that_nobody_knows_is_not_sent() {
        keys().verify(KEY, "");

        assertThat(service.questions()).extracting(Question::body).containsExactly("{\"service_id\":\"registry\"}");
    }

    @Test
    void an_answer_counts_for_the_caches_time() {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.answers(200, ADA.replace("ada", "grace"));

        clock.advance(CACHE_TTL.minusNanos(1));
        assertThat(keys.verify(KEY, ELSEWHERE)).isEqualTo(KNOWN);
        assertThat(service.questions()).hasSize(1);

        clock.advance(Duration.ofNanos(1));
        assertThat(keys.verify(KEY, HOME)).as("answered at once").isEqualTo(KNOWN);
        await().untilAsserted(() -> assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN_AS_GRACE));
        assertThat(service.questions()).hasSize(2);
        assertThat(count("registry.auth.service.stale")).isPositive();
    }

    @Test
    void a_revoked_key_ends_with_the_answer_that_says_so() {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.answers(401, "");

        clock.advance(CACHE_TTL);
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
        await().untilAsserted(() -> assertThat(keys.verify(KEY, HOME)).isEqualTo(new Unknown()));
        service.answers(503, "");
        clock.advance(AuthServiceKeys.REFUSAL_TTL);
        assertThat(keys.verify(KEY, HOME)).isInstanceOf(Unavailable.class);
    }

    @Test
    void an_unknown_key_is_not_asked_about_again_and_again() {
        AuthServiceKeys keys = keys();
        service.answers(401, "");
        for (int i = 0; i < 100; i++) {
            assertThat(keys.verify(KEY, HOME)).isEqualTo(new Unknown());
        }
        assertThat(service.questions()).hasSize(1);

        service.answers(200, ADA);
        clock.advance(AuthServiceKeys.REFUSAL_TTL);
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void a_key_that_is_refused_elsewhere_still_works_at_home() {
        AuthServiceKeys keys = keys();
        service.answers(question -> question.body().contains(ELSEWHERE)
                ? new Answer(403, "{\"error\":\"address\"}")
                : new Answer(200, ADA));

        assertThat(keys.verify(KEY, ELSEWHERE)).isEqualTo(new Unknown());
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void a_known_key_works_while_the_service_is_away_and_other_keys_wait() {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.close();

        clock.advance(STALE_TTL.minusNanos(1));
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
        assertThat(keys.verify(ApiKey.of("another"), HOME)).isInstanceOf(Unavailable.class);
        clock.advance(Duration.ofNanos(1));
        assertThat(keys.verify(KEY, HOME)).isInstanceOf(Unavailable.class);
        assertThat(count("registry.auth.service.unverified")).isEqualTo(2);
    }

    @Test
    void a_service_that_hangs_does_not_delay_a_known_key() throws Exception {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.hang();
        clock.advance(CACHE_TTL);

        for (int i = 0; i < 50; i++) {
            assertThat(async(() -> keys.verify(KEY, HOME)).get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isEqualTo(KNOWN);
        }
        assertThat(service.questions()).as("one refresh").hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void few_requests_wait_for_a_service_that_hangs() {
        AuthServiceKeys keys = keys();
        service.hang();
        List<CompletableFuture<Verdict>> verdicts = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            verdicts.add(async(() -> keys.verify(KEY, HOME)));
        }

        await().atMost(PATIENCE)
                .until(() -> verdicts.stream().filter(CompletableFuture::isDone).count() == 20 - MAX_WAITING);
        assertThat(verdicts.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join))
                .containsOnly(new Unavailable(Duration.ofSeconds(1)));
        service.goOn();
        assertThat(verdicts.stream().map(CompletableFuture::join).filter(KNOWN::equals))
                .hasSize(MAX_WAITING);
        assertThat(service.questions()).as("one question for all").hasSize(1);
    }

    @Test
    void a_service_that_hangs_costs_a_new_key_the_timeout() {
        AuthServiceKeys keys = keys(Duration.ofMillis(200));
        service.hang();

        assertThat(keys.verify(KEY, HOME)).isInstanceOf(Unavailable.class);
        assertThat(failures("timeout")).isEqualTo(1);
    }

    @Test
    void throttling_about_one_key_leaves_that_key_alone_for_as_long_as_it_says() {
        AuthServiceKeys keys = keys();
        service.answers(429, "", "Retry-After", "7");

        for (int i = 0; i < 10; i++) {
            assertThat(keys.verify(KEY, HOME)).isEqualTo(new Throttled(Duration.ofSeconds(7)));
        }
        assertThat(service.questions()).hasSize(1);

        service.answers(200, ADA);
        assertThat(keys.verify(ApiKey.of("another"), HOME)).isEqualTo(KNOWN);
        clock.advance(Duration.ofSeconds(7).minusNanos(1));
        assertThat(keys.verify(KEY, HOME)).isInstanceOf(Throttled.class);
        clock.advance(Duration.ofNanos(1));
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void throttling_again_and_again_stops_all_questions_for_as_long_as_it_says() {
        AuthServiceKeys keys = keys();
        service.answers(429, "", "Retry-After", "30");
        for (int i = 0; i < 100; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i), HOME)).isEqualTo(new Throttled(Duration.ofSeconds(30)));
        }
        assertThat(service.questions()).hasSize(AuthServiceBackoff.ANSWERS_TO_PAUSE);

        clock.advance(Duration.ofSeconds(20));
        assertThat(keys.verify(KEY, HOME)).isEqualTo(new Throttled(Duration.ofSeconds(10)));
        clock.advance(Duration.ofSeconds(4));
        assertThat(keys.verify(KEY, HOME))
                .as("nobody was asked about this key, so nothing is remembered of it")
                .isEqualTo(new Throttled(Duration.ofSeconds(6)));
        service.answers(200, ADA);
        clock.advance(Duration.ofSeconds(6));
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void made_up_keys_keep_new_keys_out_for_a_minute_at_most() {
        AuthServiceKeys keys = keys();
        service.answers(question -> question.body().contains(ELSEWHERE)
                ? new Answer(429, "", "Retry-After", "3600")
                : new Answer(200, ADA));
        for (int i = 0; i < AuthServiceBackoff.ANSWERS_TO_PAUSE; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i), ELSEWHERE)).isEqualTo(new Throttled(Duration.ofHours(1)));
        }
        assertThat(keys.verify(KEY, HOME)).isEqualTo(new Throttled(AuthServiceBackoff.MAX_PAUSE));

        clock.advance(AuthServiceBackoff.MAX_PAUSE);
        assertThat(keys.verify(ApiKey.of("one-more"), ELSEWHERE)).isEqualTo(new Throttled(Duration.ofHours(1)));
        assertThat(keys.verify(KEY, HOME))
                .as("one more answer is no reason to pause")
                .isEqualTo(KNOWN);
        clock.advance(Duration.ofHours(1).minus(AuthServiceBackoff.MAX_PAUSE).minusNanos(1));
        assertThat(keys.verify(ApiKey.of("key-0"), ELSEWHERE))
                .as("not asked again")
                .isEqualTo(new Throttled(Duration.ofHours(1)));
        assertThat(service.questions()).hasSize(AuthServiceBackoff.ANSWERS_TO_PAUSE + 2);
    }

    @Test
    void throttling_does_not_concern_a_known_key_and_is_one_line_a_minute(CapturedOutput output) {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.answers(429, "", "Retry-After", "2");

        for (int second = 0; second < 120; second++) {
            clock.advance(Duration.ofSeconds(1));
            assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
            assertThat(keys.verify(ApiKey.of("another"), HOME)).isInstanceOf(Throttled.class);
        }
        assertThat(service.questions()).hasSizeBetween(30, 130);
        assertThat(output.getAll().lines().filter(line -> line.contains("it answered 429")))
                .hasSize(2);
    }

    @Test
    void unavailable_with_a_time_is_believed_too() {
        AuthServiceKeys keys = keys();
        service.answers(503, "", "Retry-After", "50");
        for (int i = 0; i < 10; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i), HOME)).isEqualTo(new Unavailable(Duration.ofSeconds(50)));
        }
        assertThat(service.questions()).hasSize(AuthServiceBackoff.ANSWERS_TO_PAUSE);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503})
    void failures_open_the_breaker_and_it_closes_by_itself(int status) {
        AuthServiceKeys keys = keys();
        service.answers(status, "{}");
        for (int i = 0; i < 50; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i), HOME)).isInstanceOf(Unavailable.class);
        }
        assertThat(service.questions()).hasSize(5);
        assertThat(failures("server_error")).isEqualTo(5);
        assertThat(keys.verify(KEY, HOME)).isEqualTo(new Unavailable(AuthServiceClient.OPEN_FOR));

        service.answers(200, ADA);
        clock.advance(AuthServiceClient.OPEN_FOR.plusMillis(1));
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400 | {}",
                "404 | <html>",
                "302 | ''",
                "204 | ''",
                "200 | not JSON",
                "200 | {}",
                "200 | {\"user_id\":\" \",\"scopes\":[]}",
                "200 | [1]",
                "200 | ''",
            })
    void an_answer_that_nobody_understands_is_one_warning_and_no_failure(
            int status, String body, CapturedOutput output) {
        AuthServiceKeys keys = keys();
        service.answers(status, body, "Location", "http://127.0.0.1:1/");
        for (int i = 0; i < 20; i++) {
            assertThat(keys.verify(ApiKey.of("key-" + i), HOME)).isInstanceOf(Unavailable.class);
        }
        assertThat(output.getAll().lines().filter(line -> line.contains("it answered " + status)))
                .hasSize(1)
                .allMatch(line -> line.contains(" WARN "));

        service.answers(200, ADA);
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void a_key_with_an_answer_that_nobody_understands_is_not_asked_about_again_and_again() {
        AuthServiceKeys keys = keys();
        service.answers(200, "{}");
        for (int i = 0; i < 20; i++) {
            assertThat(keys.verify(KEY, HOME)).isInstanceOf(Unavailable.class);
        }
        assertThat(service.questions()).hasSize(1);
        assertThat(failures("unreadable")).isEqualTo(1);
    }

    @Test
    void an_answer_without_end_is_not_read_to_its_end() {
        service.answers(200, "{\"user_id\":\"" + "a".repeat(1 << 20) + "\"}");

        assertThat(keys().verify(KEY, HOME)).isInstanceOf(Unavailable.class);
        assertThat(failures("unreadable")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"200 | {\"user_id\":\"ada\",\"scopes\":[\"admin\"],\"has_sufficient_balance\":false}", "402 | {}"})
    void an_account_that_cannot_pay_is_neither_known_nor_unknown(int status, String body) {
        AuthServiceKeys keys = keys();
        keys.verify(KEY, HOME);
        service.answers(status, body);

        clock.advance(CACHE_TTL);
        await().untilAsserted(() -> assertThat(keys.verify(KEY, HOME)).isEqualTo(new InsufficientBalance()));
        service.answers(200, ADA);
        clock.advance(AuthServiceKeys.REFUSAL_TTL);
        assertThat(keys.verify(KEY, HOME)).isEqualTo(KNOWN);
    }

    @Test
    void a_connection_that_the_service_has_just_closed_is_no_failure() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            threads.submit(() -> answerOncePerConnection(socket));
            AuthServiceKeys keys = keys("http://127.0.0.1:" + socket.getLocalPort(), TIMEOUT);

            for (int i = 0; i < 5; i++) {
                assertThat(keys.verify(ApiKey.of("key-" + i), HOME)).isEqualTo(KNOWN);
            }
        }
        assertThat(failures("unreachable")).isZero();
    }

    @Test
    void an_answer_that_trickles_keeps_no_connection_even_when_it_is_the_second() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Future<Void> closed = threads.submit(() -> breakOffAndThenTrickle(socket));

            assertThat(keys("http://127.0.0.1:" + socket.getLocalPort(), Duration.ofSeconds(2))
                            .verify(KEY, HOME))
                    .isInstanceOf(Unavailable.class);
            closed.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
        assertThat(failures("timeout")).isEqualTo(1);
    }

    /** Returns when the client has closed the second connection. */
    private static Void breakOffAndThenTrickle(ServerSocket server) throws IOException {
        try (Socket first = server.accept()) {
            readQuestion(first);
        }
        try (Socket second = server.accept()) {
            readQuestion(second);
            OutputStream answer = second.getOutputStream();
            answer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            second.setSoTimeout(50);
            while (true) {
                try {
                    if (second.getInputStream().read() < 0) {
                        return null;
                    }
                } catch (SocketTimeoutException open) {
                    answer.write(' ');
                } catch (SocketException reset) {
                    return null;
                }
            }
        }
    }

    @Test
    void a_key_in_both_places_counts_as_the_first_says_and_unknown_needs_both() {
        KeyVerifier yes = (key, address) -> KNOWN;
        KeyVerifier no = (key, address) -> new Unknown();
        KeyVerifier away = (key, address) -> new Unavailable(Duration.ZERO);

        assertThat(KeyVerifier.of(List.of(no, yes)).verify(KEY, HOME)).isEqualTo(KNOWN);
        assertThat(KeyVerifier.of(List.of(yes, away)).verify(KEY, HOME)).isEqualTo(KNOWN);
        assertThat(KeyVerifier.of(List.of(no, away)).verify(KEY, HOME)).isEqualTo(new Unavailable(Duration.ZERO));
        assertThat(KeyVerifier.of(List.of(no, no)).verify(KEY, HOME)).isEqualTo(new Unknown());
    }

    @Test
    void no_part_of_a_key_is_logged(CapturedOutput output) {
        AuthServiceKeys keys = keys();
        for (int status : new int[] {404, 500, 200, 401, 429, 402}) {
            service.answers(status, "hk_live_abcdefghij");
            clock.advance(STALE_TTL);
            keys.verify(KEY, HOME);
        }
        assertThat(output.getAll()).contains("404", "429").doesNotContain("hk_live", "abcdef");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"auth.example.com", "ftp://auth.example.com", "https://", "https://u:hunter2@auth", "http://a b"
            })
    void an_unusable_url_stops_the_start(String url) {
        assertThatThrownBy(() -> keys(url, TIMEOUT))
                .isInstanceOf(StartupRefusedException.class)
                .hasMessageStartingWith("AUTH_SERVICE_URL must be")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void a_url_without_an_id_stops_the_start() {
        assertThatThrownBy(
                        () -> settings("https://auth.example.com", " ", TIMEOUT).validateUrl())
                .isInstanceOf(StartupRefusedException.class)
                .hasMessageStartingWith("AUTH_SERVICE_ID must be set");
    }

    /** Keeps each connection open after its answer, until the next question comes: then it closes it. */
    private static Void answerOncePerConnection(ServerSocket server) throws IOException {
        while (!server.isClosed()) {
            try (Socket connection = server.accept()) {
                readQuestion(connection);
                connection
                        .getOutputStream()
                        .write(("HTTP/1.1 200 OK\r\nContent-Length: " + ADA.length() + "\r\n\r\n" + ADA)
                                .getBytes(StandardCharsets.US_ASCII));
                readQuestion(connection);
            }
        }
        return null;
    }

    private static void readQuestion(Socket connection) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf("}") < 0) {
            int c = connection.getInputStream().read();
            if (c < 0) {
                return;
            }
            text.append((char) c);
        }
    }

    @Test
    void questions_that_come_to_nothing_are_remembered_and_three_in_a_row_are_a_failure_until_there_is_a_verdict() {
        AuthServiceKeys keys = keys();
        assertThat(watch.status()).contains(new AuthServiceStatus(State.UNKNOWN, null, null, null));
        service.answers(401, "");
        keys.verify(ApiKey.of("unknown"), HOME);
        Instant answered = clock.instant();
        assertThat(watch.status()).contains(new AuthServiceStatus(State.ANSWERING, answered, null, null));

        service.answers(200, "<html>");
        clock.advance(Duration.ofSeconds(1));
        keys.verify(ApiKey.of("strange"), HOME);
        keys.verify(ApiKey.of("stranger"), HOME);
        assertThat(watch.status())
                .contains(new AuthServiceStatus(
                        State.ANSWERING, answered, "it answered 200 with something that is not JSON", clock.instant()));
        assertThat(registry.get("registry.auth.service.failing").gauge().value())
                .as("one key's failures wake nobody")
                .isZero();
        service.answers(503, "");
        clock.advance(Duration.ofSeconds(1));
        keys.verify(KEY, HOME);
        assertThat(watch.status())
                .contains(new AuthServiceStatus(State.FAILING, answered, "it answered 503", clock.instant()));
        assertThat(registry.get("registry.auth.service.failing").gauge().value())
                .isEqualTo(1);

        service.answers(200, ADA);
        clock.advance(AuthServiceKeys.REFUSAL_TTL);
        keys.verify(KEY, HOME);
        assertThat(watch.status().orElseThrow().state()).isEqualTo(State.ANSWERING);

        clock.advance(AuthServiceWatch.FORGOTTEN_AFTER.plusMillis(1));
        assertThat(watch.status().orElseThrow().state()).as("nobody asked").isEqualTo(State.UNKNOWN);
    }

    @Test
    void without_an_auth_service_there_is_neither_a_status_nor_a_meter() {
        SimpleMeterRegistry empty = new SimpleMeterRegistry();

        assertThat(new AuthServiceWatch(false, clock, clock, empty).status()).isEmpty();
        assertThat(empty.getMeters()).isEmpty();
    }

    private CompletableFuture<Verdict> async(Supplier<Verdict> verification) {
        return CompletableFuture.supplyAsync(verification, threads);
    }

    private double count(String meter) {
        return registry.get(meter).counter().count();
    }

    private double failures(String cause) {
        return registry.get("registry.auth.service.failures")
                .tag("cause", cause)
                .counter()
                .count();
    }

    private AuthServiceKeys keys() {
        return keys(TIMEOUT);
    }

    private AuthServiceKeys keys(Duration timeout) {
        return keys(service.url() + "/", timeout);
    }

    private AuthServiceKeys keys(String url, Duration timeout) {
        SecuritySettings.AuthService settings = settings(url, "registry", timeout);
        return new AuthServiceKeys(
                new AuthServiceClient(settings, watch, clock, clock), settings, watch, MAX_WAITING, clock);
    }

    private static SecuritySettings.AuthService settings(String url, String id, Duration timeout) {
        return new SecuritySettings.AuthService(url, id, timeout, timeout, CACHE_TTL, STALE_TTL, 1_000);
    }
}

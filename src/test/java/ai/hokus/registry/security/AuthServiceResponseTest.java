package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import java.net.ProtocolException;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthServiceResponseTest {

    private static final Instant NOW = Instant.parse("2026-11-22T21:30:00Z");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"user_id\":\"ada\"} | ada",
                "{\"user_id\":4711} | 4711",
                "{\"user_id\":12345678901234567890} | 12345678901234567890",
                "{\"user\":{\"id\":\"ada\"}} | ada",
                "{\"user\":{\"id\":7}} | 7",
                "{\"user_id\":null,\"user\":{\"id\":\"ada\"}} | ada",
                "{\"user_id\":{\"id\":\"ada\"}} | ada",
            })
    void a_user_id_comes_in_many_forms(String body, String userId) throws ProtocolException {
        assertThat(read(body)).isEqualTo(new Verdict.Known(userId, Set.of()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ada",
                "null",
                "[]",
                "{}",
                "{\"user_id\":\"\"}",
                "{\"user_id\":true}",
                "{\"user_id\":[\"ada\"]}",
                "{\"user\":\"ada\"}",
                "{\"user_id\":\"ada\"",
            })
    void without_one_the_answer_is_unreadable(String body) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOf(ProtocolException.class)
                .hasMessageNotContaining("ada");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[\"a\",\"b\"] | a b",
                "[\"a\",7,null,[\"b\"]] | a",
                "null | ''",
                "\"a\" | ''",
            })
    void scopes_are_the_texts_of_a_list(String scopes, String expected) throws ProtocolException {
        Set<String> held = expected.isEmpty() ? Set.of() : Set.of(expected.split(" "));

        assertThat(read("{\"user_id\":\"ada\",\"scopes\":" + scopes + "}")).isEqualTo(new Verdict.Known("ada", held));
    }

    @Test
    void only_false_is_no() throws ProtocolException {
        assertThat(read("{\"user_id\":\"ada\",\"is_valid\":false}")).isEqualTo(new Verdict.Unknown());
        assertThat(read("{\"is_valid\":false,\"error\":\"expired\"}")).isEqualTo(new Verdict.Unknown());
        assertThat(read("{\"user_id\":\"ada\",\"has_sufficient_balance\":false}"))
                .isEqualTo(new Verdict.InsufficientBalance());
        assertThat(read("{\"user_id\":\"ada\",\"is_valid\":true,\"has_sufficient_balance\":true,\"balance\":0.0}"))
                .isInstanceOf(Verdict.Known.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "30 | PT30S",
                "' 30 ' | PT30S",
                "0 | PT1S",
                "99999 | PT1H",
                "99999999999999999999999 | PT1H",
                "'Sun, 22 Nov 2026 21:32:00 GMT' | PT2M",
                "'Sunday, 22-Nov-26 21:32:00 GMT' | PT2M",
                "'Sun Nov 22 21:32:00 2026' | PT2M",
                "'Sun, 22 Nov 2026 21:29:00 GMT' | PT1S",
                "'Tue, 22 Nov 2033 21:29:00 GMT' | PT1H",
            })
    void retry_after_is_seconds_or_a_date(String value, Duration wait) {
        assertThat(response("", "Retry-After", value).retryAfter(NOW)).contains(wait);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-1", "1.5", "2026-11-22T21:32:00Z"})
    void anything_else_says_nothing(String value) {
        assertThat(response("", "Retry-After", value).retryAfter(NOW)).isEmpty();
        assertThat(response("").retryAfter(NOW)).isEmpty();
    }

    private static Verdict read(String body) throws ProtocolException {
        return response(body).read();
    }

    private static AuthServiceResponse response(String body, String... header) {
        Map<String, List<String>> headers = header.length == 0 ? Map.of() : Map.of(header[0], List.of(header[1]));
        return new AuthServiceResponse(
                200, HttpHeaders.of(headers, (name, value) -> true), body.getBytes(StandardCharsets.UTF_8));
    }
}

package ai.hokus.registry.security;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import java.net.ProtocolException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An answer of the auth service, and how it is read. In the body of a 200:
 *
 * <ul>
 *   <li>{@code user_id}, else {@code user.id} or {@code user_id.id}: text or a number; without it the answer is unreadable;
 *   <li>{@code scopes}: a list of texts; anything else in it is skipped; without it there are no scopes;
 *   <li>{@code has_sufficient_balance}: only {@code false} means that the account cannot pay;
 *   <li>{@code is_valid}: only {@code false} means that the key is not known.
 * </ul>
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record AuthServiceResponse(int status, HttpHeaders headers, byte[] body) {

    /** An hour: a mistake in the header must not lock a key out for longer. */
    private static final Duration MAX_RETRY_AFTER = Duration.ofHours(1);

    private static final Duration MIN_RETRY_AFTER = Duration.ofSeconds(1);

    private static final JsonMapper JSON = JsonMapper.shared();

    /** Whether the service failed, and so did not answer the question. */
    boolean isFailure() {
        return status >= 500;
    }

    /** From seconds or a date, limited to between a second and an hour. Empty: there is none, or it is neither. */
    Optional<Duration> retryAfter(Instant now) {
        return headers.firstValue(org.springframework.http.HttpHeaders.RETRY_AFTER)
                .map(String::strip)
                .flatMap(value -> value.matches("[0-9]+") ? seconds(value) : untilDate(value, now))
                .map(wait -> wait.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : wait)
                .map(wait -> wait.compareTo(MIN_RETRY_AFTER) < 0 ? MIN_RETRY_AFTER : wait);
    }

    private static Optional<Duration> seconds(String digits) {
        return Optional.of(digits.length() > 9 ? MAX_RETRY_AFTER : Duration.ofSeconds(Integer.parseInt(digits)));
    }

    private static Optional<Duration> untilDate(String value, Instant now) {
        var header = new org.springframework.http.HttpHeaders();
        header.set(org.springframework.http.HttpHeaders.RETRY_AFTER, value);
        try {
            return Optional.ofNullable(header.getFirstZonedDateTime(org.springframework.http.HttpHeaders.RETRY_AFTER))
                    .map(date -> Duration.between(now, date.toInstant()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads the body of a 200.
     *
     * @throws ProtocolException when it cannot be understood; its message continues "it answered 200", and quotes nothing
     */
    Verdict read() throws ProtocolException {
        JsonNode answer;
        try {
            answer = JSON.readTree(body);
        } catch (JacksonException e) {
            // Not as a cause: its message quotes what the service answered.
            throw new ProtocolException("with something that is not JSON");
        }
        if (isFalse(answer.path("is_valid"))) {
            return new Verdict.Unknown();
        }
        if (isFalse(answer.path("has_sufficient_balance"))) {
            return new Verdict.InsufficientBalance();
        }
        Set<String> scopes = answer.path("scopes")
                .valueStream()
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue)
                .filter(scope -> !scope.isBlank())
                .collect(Collectors.toUnmodifiableSet());
        return new Verdict.Known(userId(answer), scopes);
    }

    private static String userId(JsonNode answer) throws ProtocolException {
        JsonNode userId = answer.path("user_id");
        return Stream.of(userId, answer.path("user").path("id"), userId.path("id"))
                .filter(id -> id.isString() || id.isNumber())
                .map(JsonNode::asString)
                .filter(id -> !id.isBlank())
                .findFirst()
                .orElseThrow(() -> new ProtocolException("without a user_id"));
    }

    private static boolean isFalse(JsonNode flag) {
        return flag.isBoolean() && !flag.booleanValue();
    }
}

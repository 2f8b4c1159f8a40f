package ai.hokus.registry.security;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import java.time.Duration;

/**
 * What came of one question to the auth service.
 *
 * @param ttl how long the same question is not asked again; zero: it may be asked at once
 */
record AuthServiceAnswer(Verdict verdict, Duration ttl) {

    /** Short: a key that was just made must work soon. Long enough that a client with an old key does not flood the service. */
    static final Duration REFUSAL_TTL = Duration.ofSeconds(10);

    /** Accepted keys have a cache of their own. */
    static AuthServiceAnswer known(ApiClient client) {
        return new AuthServiceAnswer(new Verdict.Known(client), Duration.ZERO);
    }

    static AuthServiceAnswer unknown() {
        return new AuthServiceAnswer(new Verdict.Unknown(), REFUSAL_TTL);
    }

    static AuthServiceAnswer insufficientBalance() {
        return new AuthServiceAnswer(new Verdict.InsufficientBalance(), REFUSAL_TTL);
    }

    /** The service asks not to be asked about this key for so long. */
    static AuthServiceAnswer throttled(Duration retryAfter) {
        return new AuthServiceAnswer(new Verdict.Throttled(retryAfter), retryAfter);
    }

    /** There is no answer, and it makes no sense to ask again before {@code retryAfter} is over. */
    static AuthServiceAnswer unavailable(Duration retryAfter) {
        return new AuthServiceAnswer(new Verdict.Unavailable(retryAfter), retryAfter);
    }

    /** It was not asked, for a reason that does not concern this key. */
    static AuthServiceAnswer notAsked(Verdict verdict) {
        return new AuthServiceAnswer(verdict, Duration.ZERO);
    }
}

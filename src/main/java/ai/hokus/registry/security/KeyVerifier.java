package ai.hokus.registry.security;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Verifies API keys. Thread-safe. */
interface KeyVerifier {

    /**
     * Never throws; takes no longer than the verifier's own time limits.
     *
     * @param clientAddress IP address of the client that presents the key; empty: not known
     */
    Verdict verify(ApiKey key, String clientAddress);

    sealed interface Verdict {

        record Known(String userId, Set<String> scopes) implements Verdict {}

        record Unknown() implements Verdict {}

        /** The key is known, and its account cannot pay for requests. */
        record InsufficientBalance() implements Verdict {}

        /** The auth service answers fewer questions than we ask. */
        record Throttled(Duration retryAfter) implements Verdict {}

        /** Whether the key is known could not be found out. */
        record Unavailable(Duration retryAfter) implements Verdict {}
    }

    /** Asks one after the other until one knows the key. Unknown only if each of them says so. */
    static KeyVerifier of(List<KeyVerifier> verifiers) {
        return (key, clientAddress) -> {
            Verdict verdict = new Verdict.Unknown();
            for (KeyVerifier verifier : verifiers) {
                Verdict next = verifier.verify(key, clientAddress);
                if (next instanceof Verdict.Known) {
                    return next;
                }
                if (!(next instanceof Verdict.Unknown)) {
                    verdict = next;
                }
            }
            return verdict;
        };
    }
}

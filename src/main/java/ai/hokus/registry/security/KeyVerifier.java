package ai.hokus.registry.security;

import java.util.List;

/** Knows keys. Thread-safe. */
interface KeyVerifier {

    /** Never throws; takes no longer than the verifier's own time limits. */
    Verdict verify(ApiKey key);

    sealed interface Verdict {

        record Known(ApiClient client) implements Verdict {}

        record Unknown() implements Verdict {}

        /** It could not be found out. */
        record Unavailable() implements Verdict {}
    }

    /** Asks one after the other until one knows the key. Unknown only if each of them says so. */
    static KeyVerifier of(List<KeyVerifier> verifiers) {
        return key -> {
            Verdict verdict = new Verdict.Unknown();
            for (KeyVerifier verifier : verifiers) {
                Verdict next = verifier.verify(key);
                if (next instanceof Verdict.Known) {
                    return next;
                }
                if (next instanceof Verdict.Unavailable) {
                    verdict = next;
                }
            }
            return verdict;
        };
    }
}

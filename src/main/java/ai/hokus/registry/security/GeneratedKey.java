package ai.hokus.registry.security;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;

/** The key of the embedded default, where nobody has configured any: random, made anew at every start, good for everything. */
final class GeneratedKey implements KeyVerifier {

    static final ApiClient CLIENT = new ApiClient("local", Set.of(Scopes.FULL_ACCESS, Scopes.OUTBOX_OPERATE));

    /** 256 bits. */
    private static final int BYTES = 32;

    private final String sha256;

    GeneratedKey(ApiKey key) {
        this.sha256 = key.sha256();
    }

    static String random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public Verdict verify(ApiKey key, String clientAddress) {
        return key.hasSha256(sha256) ? new Verdict.Known(CLIENT) : new Verdict.Unknown();
    }
}

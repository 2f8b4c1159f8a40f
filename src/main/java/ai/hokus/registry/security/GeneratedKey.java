package ai.hokus.registry.security;

import java.util.Base64;
import java.util.Set;
import org.springframework.security.crypto.keygen.Base64StringKeyGenerator;

/** The key of the embedded default, where nobody has configured any: random, made anew at every start, good for everything. */
final class GeneratedKey implements KeyVerifier {

    private static final Verdict CLIENT =
            new Verdict.Known("local", Set.of(Permission.Scope.FULL_ACCESS, Permission.Scope.OUTBOX_OPERATE));

    /** Of 256 bits. */
    private final ApiKey key =
            ApiKey.of(new Base64StringKeyGenerator(Base64.getUrlEncoder().withoutPadding()).generateKey());

    ApiKey key() {
        return key;
    }

    @Override
    public Verdict verify(ApiKey presented, String clientAddress) {
        return presented.hasSha256(key.sha256()) ? CLIENT : new Verdict.Unknown();
    }
}

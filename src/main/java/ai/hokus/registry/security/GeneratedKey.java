package ai.hokus.registry.security;

import java.util.Base64;
import java.util.Set;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.security.crypto.keygen.Base64StringKeyGenerator;

/**
 * The key of the embedded default, where nobody has configured any: random, made anew at every start, good for everything. It
 * is shown once, on the console and not in the log: logs are kept and sent elsewhere.
 */
record GeneratedKey(ApiKey key) implements KeyVerifier, ApplicationListener<ApplicationReadyEvent> {

    private static final Verdict LOCAL =
            new Verdict.Known("local", Set.of(Permission.Scope.FULL_ACCESS, Permission.Scope.OUTBOX_OPERATE));

    /** Of 256 bits. */
    GeneratedKey() {
        this(ApiKey.of(new Base64StringKeyGenerator(Base64.getUrlEncoder().withoutPadding()).generateKey()));
    }

    @Override
    public Verdict verify(ApiKey presented, String clientAddress) {
        // By their hashes: how long that takes tells nothing about the key.
        return presented.sha256().equals(key.sha256()) ? LOCAL : new Verdict.Unknown();
    }

    @Override
    public void onApplicationEvent(ApplicationReadyEvent started) {
        System.out.printf(
                "%nNo API keys are configured. Until this process ends, this key may do everything:%n%n"
                        + "    X-API-Key: %s%n%n",
                key.text());
    }
}

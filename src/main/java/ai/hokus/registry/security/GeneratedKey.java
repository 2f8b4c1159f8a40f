package ai.hokus.registry.security;

import java.util.Base64;
import java.util.Set;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.security.crypto.keygen.Base64StringKeyGenerator;

/**
 * The key of the embedded default, when none is configured: random, new at every start, with every permission. It is printed
 * once, to standard output and not to the log: logs are kept and sent elsewhere.
 */
record GeneratedKey(ApiKey key) implements KeyVerifier, ApplicationListener<ApplicationReadyEvent> {

    private static final Verdict LOCAL =
            new Verdict.Known("local", Set.of(Permission.Scope.FULL_ACCESS, Permission.Scope.OUTBOX_OPERATE));

    GeneratedKey() {
        this(ApiKey.of(new Base64StringKeyGenerator(Base64.getUrlEncoder().withoutPadding()).generateKey()));
    }

    @Override
    public Verdict verify(ApiKey presented, String clientAddress) {
        // Comparing hashes takes a time that tells nothing about the key.
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

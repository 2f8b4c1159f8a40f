package ai.hokus.registry.security;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Makes the start-up's last words one sentence instead of a stack trace. */
class UnusableKeySettingsFailureAnalyzer extends AbstractFailureAnalyzer<UnusableKeySettingsException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, UnusableKeySettingsException cause) {
        return new FailureAnalysis(
                String.valueOf(cause.getMessage()),
                "API_KEYS_FILE names a file with one line per key (the key's SHA-256, a user id, scopes);"
                        + " AUTH_SERVICE_URL and AUTH_SERVICE_ID name an auth service that knows the keys. Set one, or both.",
                cause);
    }
}

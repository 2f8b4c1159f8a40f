package ai.hokus.registry.queue.redis;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Makes the start-up's last words one sentence instead of a stack trace. */
class InvalidRedisSettingsFailureAnalyzer extends AbstractFailureAnalyzer<InvalidRedisSettingsException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, InvalidRedisSettingsException cause) {
        return new FailureAnalysis(String.valueOf(cause.getMessage()), cause.action(), cause);
    }
}

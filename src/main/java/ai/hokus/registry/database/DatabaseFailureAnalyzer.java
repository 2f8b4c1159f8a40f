package ai.hokus.registry.database;

import ai.hokus.registry.StartupRefusedException;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;

/** For a database that fails after migrations: prints {@link DatabaseProblem}'s sentence, if it has one, not a stack trace. */
class DatabaseFailureAnalyzer extends AbstractFailureAnalyzer<SQLException> {

    private final Environment environment;

    DatabaseFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    /** Spring Boot asks this before it looks for a refusal, which knows more if it has this cause. */
    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, SQLException cause) {
        return Optional.ofNullable(findCause(rootFailure, StartupRefusedException.class))
                .or(() -> DatabaseProblem.of(cause, environment.getProperty("spring.datasource.url")))
                .map(StartupRefusedException::analysis)
                .orElse(null);
    }
}

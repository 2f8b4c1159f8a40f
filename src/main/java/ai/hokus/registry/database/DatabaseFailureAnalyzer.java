package ai.hokus.registry.database;

import java.sql.SQLException;
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

    @Override
    protected @Nullable FailureAnalysis analyze(Throwable rootFailure, SQLException cause) {
        return DatabaseProblem.of(cause, environment.getProperty("spring.datasource.url"))
                .map(problem -> new FailureAnalysis(String.valueOf(problem.getMessage()), problem.action(), cause))
                .orElse(null);
    }
}

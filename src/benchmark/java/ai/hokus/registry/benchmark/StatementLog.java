package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.PostgresCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Counts statements by making the server log each: every server can do that, whatever extensions it has. */
final class StatementLog implements AutoCloseable {

    private static final String EXECUTE = "LOG:  execute ";
    private static final String STATEMENT = "LOG:  statement: ";

    private final PostgresCluster postgres;

    StatementLog(PostgresCluster postgres) {
        this.postgres = postgres;
        set("SET log_statement = 'all'");
    }

    private void set(String setting) {
        postgres.jdbc().execute("ALTER SYSTEM " + setting);
        postgres.jdbc().execute("SELECT pg_reload_conf()");
        // Each backend reads it before its next statement, or now where it has none.
        Await.hold(Duration.ofSeconds(1));
    }

    /** Statements of all sessions, BEGIN and COMMIT as well, while this runs. */
    long count(Runnable work) throws IOException {
        Map<String, Long> before = statements();
        work.run();
        Map<String, Long> statements = statements();
        before.forEach((text, count) -> statements.merge(text, -count, Long::sum));
        statements.entrySet().stream()
                .filter(statement -> statement.getValue() > 0)
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(20)
                .forEach(statement -> System.out.println(statement.getValue() + " " + statement.getKey()));
        return statements.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How often each was logged, by its first line. */
    private Map<String, Long> statements() throws IOException {
        Map<String, Long> statements = new TreeMap<>();
        try (Stream<String> lines = Files.lines(postgres.log(), StandardCharsets.ISO_8859_1)) {
            lines.forEach(line -> {
                int execute = line.indexOf(EXECUTE);
                int statement = line.indexOf(STATEMENT);
                if (execute >= 0) {
                    statements.merge(line.substring(line.indexOf(':', execute + EXECUTE.length()) + 2), 1L, Long::sum);
                } else if (statement >= 0) {
                    statements.merge(line.substring(statement + STATEMENT.length()), 1L, Long::sum);
                }
            });
        }
        return statements;
    }

    @Override
    public void close() {
        set("RESET log_statement");
    }
}

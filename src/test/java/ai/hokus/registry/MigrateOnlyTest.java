package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --registry.migrate-only}, run as a process: deployment scripts rely on its exit code. */
class MigrateOnlyTest {

    @TempDir
    Path folder;

    @Test
    void it_migrates_and_ends_with_0_and_starts_nothing_else() throws Exception {
        Map<String, String> redis = Map.of("REDIS_URL", "redis://127.0.0.1:" + TestRedis.freePort());

        Result first = run(redis, "--registry.migrate-only");
        Result second = run(Map.of("REGISTRY_MIGRATE_ONLY", "1"));

        for (Result result : List.of(first, second)) {
            assertThat(result.exitCode()).as(result.log()).isZero();
            assertThat(result.log())
                    .contains("The tables are up to date; with registry.migrate-only nothing else is started.")
                    .doesNotContain("Tomcat", "Relay", "HikariPool", "registry - Start");
        }
        assertThat(first.log()).contains("Migrating schema");
        assertThat(second.log()).contains("is up to date. No migration necessary.");
        assertThat(folder.resolve("data/registry.mv.db")).exists();
    }

    @ParameterizedTest
    @CsvSource({
        ",true",
        "=,true",
        "=true,true",
        "=1,true",
        "=yes,true",
        "=On,true",
        "=maybe,true",
        "=false,false",
        "=0,false",
        "=no,false",
        "=OFF,false"
    })
    void it_is_asked_for_as_any_other_setting_is(String value, boolean requested) {
        assertThat(MigrateOnly.isRequested("--registry.migrate-only" + (value == null ? "" : value)))
                .isEqualTo(requested);
    }

    @Test
    void it_may_be_written_without_a_hyphen() {
        assertThat(MigrateOnly.isRequested("--registry.migrateOnly")).isTrue();
    }

    /** As Compose passes on {@code ${REGISTRY_MIGRATE_ONLY:-}}. */
    @Test
    void an_empty_variable_starts_the_service() throws Exception {
        Result result = run(Map.of("REGISTRY_MIGRATE_ONLY", ""), "--registry.registration.max-concurrent-requests=0");

        assertThat(result.exitCode()).as(result.log()).isEqualTo(1);
        assertThat(result.log()).contains("registry.registration.max-concurrent-requests");
    }

    @Test
    void it_ends_with_1_and_one_sentence_where_it_cannot() throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:" + TestRedis.freePort() + "/registry";

        Result result = run(Map.of(), "--registry.migrate-only", "--spring.datasource.url=" + url);

        assertThat(result.exitCode()).as(result.log()).isEqualTo(1);
        assertThat(result.log())
                .contains("The database " + url + " cannot be reached, or refuses the connection")
                .doesNotContain("\tat ");
    }

    /** Its migrations run on other connections than the pool's, and H2 forgets it with the last one. */
    @Test
    void a_database_in_memory_lives_from_the_migrations_to_the_pool() {
        try (RunningService service = RunningService.on(
                TestDatabase.H2,
                Map.of(
                        "spring.datasource.url",
                        "jdbc:h2:mem:short-lived;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH"
                                + ";WRITE_DELAY=0"))) {
            service.register("model", "1");
        }
    }

    private record Result(int exitCode, String log) {}

    private Result run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                RegistrationOutboxApplication.class.getName()));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("REDIS") || name.startsWith("SPRING"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        if (!process.waitFor(90, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("it does not end\n" + Files.readString(log));
        }
        return new Result(process.exitValue(), Files.readString(log));
    }

    /** Absolute: the process runs in another folder. */
    private static String classPath() {
        return List.of(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
                        .split(File.pathSeparator))
                .stream()
                .filter(entry -> !entry.contains("test-classes"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }
}

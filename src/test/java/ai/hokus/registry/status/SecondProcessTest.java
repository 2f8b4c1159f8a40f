package ai.hokus.registry.status;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes on one H2 file: the first one serves the file to the second, and is then killed. */
class SecondProcessTest {

    @TempDir
    private Path folder;

    @Test
    void the_survivor_of_two_processes_on_one_file_is_ready_when_it_serves() throws Exception {
        String url = "jdbc:h2:file:" + folder.resolve("registry").toAbsolutePath()
                + ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0;RETENTION_TIME=0"
                + ";LOCK_TIMEOUT=2000;AUTO_SERVER=TRUE";
        Process first = first(url);
        try {
            Path log = folder.resolve("first.log");
            Eventually.await("started", () -> contains(log, "Started RegistrationOutboxApplication"), () -> read(log));
            try (RunningService survivor = RunningService.on(
                    TestDatabase.H2, Map.of("spring.datasource.url", url, "registry.status.interval", "200ms"))) {
                Eventually.await("ready", () -> ready(survivor));
                survivor.register("m", "1");

                first.destroyForcibly().waitFor();

                Eventually.await(
                        "serves again",
                        () -> survivor.post(
                                                "/models/tokenized-registration-events",
                                                RunningService.registration("m", "2"))
                                        .statusCode()
                                == 200);
                long served = System.nanoTime();
                Eventually.await("ready", () -> ready(survivor));
                assertThat(System.nanoTime() - served)
                        .as("ns between serving and saying so")
                        .isLessThan(5_000_000_000L);
            }
        } finally {
            first.destroyForcibly();
        }
    }

    private Process first(String url) throws IOException {
        ProcessBuilder process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                RegistrationOutboxApplication.class.getName(),
                "--spring.datasource.url=" + url,
                "--server.address=127.0.0.1",
                "--server.port=0",
                "--registry.security.key-file=" + TestKeys.file(TestKeys.line()));
        return process.redirectErrorStream(true)
                .redirectOutput(folder.resolve("first.log").toFile())
                .start();
    }

    private static boolean ready(RunningService service) {
        return service.get("/ready").statusCode() == 200;
    }

    private static boolean contains(Path file, String text) {
        return read(file).contains(text);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}

package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A developers' run that cannot start says why in a sentence, and leaves nothing behind: no JVM, no Redis. */
class DevelopersRunIT {

    private static final long TIMEOUT_SECONDS = 90;

    @TempDir
    Path directory;

    @Test
    void ends_at_once_when_the_port_of_its_redis_is_taken() throws Exception {
        try (ServerSocket somebody = listen()) {
            String port = Integer.toString(somebody.getLocalPort());

            String said = endsWithAnError(Map.of("REDIS_PORT", port));

            assertThat(said.strip().lines())
                    .singleElement()
                    .asString()
                    .startsWith("Port " + port + " is taken")
                    .contains("Stop what listens on it", "REDIS_PORT=", "mvn spring-boot:test-run");
        }
    }

    @Test
    void ends_with_its_redis_when_the_port_of_the_service_is_taken() throws Exception {
        int redisPort = TestRedis.freePort();
        try (ServerSocket somebody = listen()) {
            String port = Integer.toString(somebody.getLocalPort());

            String said = endsWithAnError(Map.of("REDIS_PORT", Integer.toString(redisPort), "PORT", port));

            assertThat(said)
                    .contains(
                            "Port " + port + " was already in use", "stop the process that's listening on port " + port)
                    .doesNotContain("\tat ");
        }
        try (ServerSocket redisIsGone = new ServerSocket(redisPort, 1, InetAddress.getLoopbackAddress())) {
            assertThat(redisIsGone.isBound()).isTrue();
        }
    }

    /** Returns what it printed. */
    private String endsWithAnError(Map<String, String> environment) throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        ProcessBuilder builder = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElse("java"),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DevelopersRun.class.getName())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("REDIS") || name.startsWith("SPRING"));
        builder.environment().putAll(environment);
        Process process = Children.start(builder);
        try {
            assertThat(process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS))
                    .as(() -> "it ends by itself; it said:\n" + read(log))
                    .isTrue();
            assertThat(process.exitValue()).as(() -> read(log)).isEqualTo(1);
            return read(log);
        } finally {
            Children.kill(process);
        }
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    }
}

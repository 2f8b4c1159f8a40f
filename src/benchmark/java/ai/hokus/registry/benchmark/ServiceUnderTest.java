package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The service as a process of its own in a new folder, on the loopback interface. */
final class ServiceUnderTest implements AutoCloseable {

    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final Process process;
    private final Path folder;
    private final int port;

    private ServiceUnderTest(Process process, Path folder, int port) {
        this.process = process;
        this.folder = folder;
        this.port = port;
    }

    /** The packaged service. */
    static Path jar() {
        return Path.of(System.getProperty("application.jar")).toAbsolutePath();
    }

    /** This JVM's. */
    static String java() {
        return ProcessHandle.current().info().command().orElse("java");
    }

    /** What starts the packaged service with no options. */
    static List<String> packaged() {
        return List.of(java(), "-jar", jar().toString());
    }

    /** The packaged service with default settings but for these; returns when it accepts registrations. */
    static ServiceUnderTest start(Map<String, String> settings) {
        return start(packaged(), settings).awaitReady();
    }

    /**
     * Returns at once.
     *
     * @param command up to the service's own arguments
     */
    static ServiceUnderTest start(List<String> command, Map<String, String> settings) {
        Path folder = Children.folder("benchmark");
        int port = TestRedis.freePort();
        Map<String, String> all = new TreeMap<>(settings);
        all.put("server.address", "127.0.0.1");
        all.put("server.port", Integer.toString(port));
        all.put(
                "registry.security.key-file",
                write(folder.resolve("api-keys"), TestKeys.line()).toString());
        List<String> words = new ArrayList<>(command);
        all.forEach((name, value) -> words.add("--" + name + "=" + value));
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("REDIS") || name.startsWith("SPRING") || name.startsWith("REGISTRY"));
        return new ServiceUnderTest(Children.start(builder), folder, port);
    }

    /** Settings for a new database on this server. */
    static Map<String, String> on(PostgresCluster postgres, String database) {
        postgres.jdbc().execute("CREATE DATABASE " + database);
        return Map.of("spring.datasource.url", postgres.url(database), "spring.datasource.username", "postgres");
    }

    private static Path write(Path file, String line) {
        try {
            return Files.writeString(file, line + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ServiceUnderTest awaitReady() {
        Await.until("the service is ready", START_TIMEOUT, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("the service ended with " + process.exitValue() + "\n"
                        + Files.readString(folder.resolve("log")));
            }
            return get("/ready").status() == 200;
        });
        return this;
    }

    int port() {
        return port;
    }

    ProcessHandle process() {
        return process.toHandle();
    }

    HttpConnection.Answer get(String path) throws IOException {
        try (HttpConnection connection = new HttpConnection(port)) {
            return connection.exchange(Load.get(path));
        }
    }

    @Override
    public void close() {
        Children.kill(process);
        Children.delete(folder);
    }
}

package ai.hokus.registry;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged service, as a process of its own in a directory of its own. */
public final class ServiceProcess implements AutoCloseable {

    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);

    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final Process process;
    private final Path log;
    private final URI base;

    private ServiceProcess(Process process, Path log, URI base) {
        this.process = process;
        this.log = log;
        this.base = base;
    }

    /**
     * Starts the jar and waits until it serves.
     *
     * @param directory its working directory: {@code ./data} is there
     * @param environment beside an otherwise empty one
     */
    public static ServiceProcess start(Path directory, Map<String, String> environment, String... arguments) {
        try {
            int port = freePort();
            List<String> command = new ArrayList<>(List.of(
                    ProcessHandle.current().info().command().orElse("java"),
                    "-XX:TieredStopAtLevel=1",
                    "-jar",
                    Path.of(System.getProperty("application.jar"))
                            .toAbsolutePath()
                            .toString(),
                    "--server.address=127.0.0.1",
                    "--server.port=" + port));
            command.addAll(List.of(arguments));
            Path log = Files.createTempFile(directory, "service-", ".log");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().keySet().removeIf(name -> name.startsWith("REDIS") || name.startsWith("SPRING"));
            Path keys = Files.writeString(directory.resolve("api-keys"), TestKeys.line() + "\n");
            builder.environment().put("API_KEYS_FILE", keys.toString());
            builder.environment().putAll(environment);
            ServiceProcess service = new ServiceProcess(builder.start(), log, URI.create("http://127.0.0.1:" + port));
            service.awaitServing();
            return service;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void awaitServing() {
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (System.nanoTime() < deadline) {
            if (!process.isAlive()) {
                throw new AssertionError("the service ended with " + process.exitValue() + "\n" + log());
            }
            try {
                get("/models?limit=1");
                return;
            } catch (UncheckedIOException e) {
                Thread.onSpinWait();
                awaitExit(Duration.ofMillis(50));
            }
        }
        throw new AssertionError("the service does not serve\n" + log());
    }

    public HttpResponse<String> get(String path) {
        return send(HttpRequest.newBuilder(base.resolve(path)).GET());
    }

    public HttpResponse<String> post(String path, String json) {
        return send(HttpRequest.newBuilder(base.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(
                    request.header("X-API-Key", TestKeys.KEY)
                            .timeout(Duration.ofSeconds(20))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** SIGKILL: nothing of it gets to say goodbye. */
    public void kill() {
        process.destroyForcibly();
        awaitExit(Duration.ofSeconds(20));
    }

    /** SIGTERM. */
    public boolean terminate(Duration timeout) {
        process.destroy();
        return awaitExit(timeout);
    }

    /** Of the process, which has ended: 128 and the signal's number where a signal ended it. */
    public int exitCode() {
        return process.exitValue();
    }

    public String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean awaitExit(Duration timeout) {
        try {
            return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            kill();
        }
    }
}

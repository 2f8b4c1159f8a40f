package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.concurrent.atomic.AtomicInteger;

/** One instance of the packaged service, with a network of its own to the database and one to Redis. */
final class ServiceInstance implements AutoCloseable {

    static final String API_KEY = "chaos-key";

    /** They stay, for whoever wants to know what an instance did. */
    private static final Path LOGS = Path.of("target", "chaos", "logs").toAbsolutePath();

    private static final Duration START_TIMEOUT = Duration.ofSeconds(240);
    private static final int MOST_STARTS = 3;
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(4);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private final String name;
    private final int port = TestRedis.freePort();
    private final Path folder;
    private final Path log;
    private final Map<String, String> environment;
    private final List<String> launcher;
    private final List<String> arguments;
    private volatile Process process;
    private volatile boolean frozen;
    private volatile Map<String, String> launchedWith = Map.of();

    /**
     * @param launcher words before {@code java}
     * @param arguments the service's own
     */
    ServiceInstance(
            String name, Path folder, Map<String, String> environment, List<String> launcher, List<String> arguments) {
        this.name = name;
        this.folder = folder;
        this.log = LOGS.resolve(folder.getFileName() + "-" + name + ".log");
        this.environment = environment;
        this.launcher = launcher;
        this.arguments = arguments;
    }

    String name() {
        return name;
    }

    /** Returns at once; {@link #awaitServing} waits. */
    void launch(Map<String, String> more) {
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx192m",
                "-jar",
                Path.of(System.getProperty("application.jar")).toAbsolutePath().toString(),
                "--server.address=127.0.0.1",
                "--server.port=" + port));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(key -> key.startsWith("REDIS") || key.startsWith("SPRING"));
        builder.environment().putAll(environment);
        builder.environment().putAll(more);
        frozen = false;
        launchedWith = more;
        try {
            Files.createDirectories(LOGS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        process = Children.start(builder);
    }

    /** Starts it again when it gave up its start, as an orchestrator does: a database may be slow to answer the first time. */
    void awaitServing() {
        AtomicInteger starts = new AtomicInteger(1);
        Await.until(name + " accepts registrations; its log is " + log, START_TIMEOUT, () -> {
            if (!process.isAlive()) {
                if (starts.incrementAndGet() > MOST_STARTS) {
                    throw new AssertionError(name + " ended with " + process.exitValue() + "; its log is " + log);
                }
                launch(launchedWith);
            }
            return get("/ready").statusCode() == 200;
        });
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    boolean isFrozen() {
        return frozen;
    }

    /** SIGKILL. */
    void kill() {
        Children.kill(process);
    }

    /** SIGTERM; whether it ended by itself. */
    boolean terminate() {
        process.destroy();
        return Children.awaitExit(process, 30);
    }

    /** SIGSTOP. */
    void freeze() {
        frozen = true;
        Children.signal(process, "STOP");
    }

    /** SIGCONT. */
    void thaw() {
        Children.signal(process, "CONT");
        frozen = false;
    }

    HttpResponse<String> get(String path) throws IOException {
        return send(request(path).GET());
    }

    /** What it publishes for Prometheus under this name, without tags. Waits until it answers. */
    double meter(String meter) {
        String prefix = meter + " ";
        List<Double> values = new ArrayList<>();
        Await.until(name + " publishes " + meter, READ_TIMEOUT, () -> {
            get("/actuator/prometheus")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(prefix))
                    .forEach(line -> values.add(Double.parseDouble(line.substring(prefix.length()))));
            return !values.isEmpty();
        });
        return values.get(0);
    }

    /** @throws UncheckedIOException when it does not answer */
    String text(String path) {
        try {
            return get(path).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    HttpResponse<String> register(String json) throws IOException {
        return send(request("/models/tokenized-registration-events")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .header("X-API-Key", API_KEY)
                .timeout(ANSWER_TIMEOUT);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (isAlive()) {
            kill();
        }
    }
}

package ai.hokus.registry.support;

import ai.hokus.registry.RegistrationOutboxApplication;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;

/** The whole service within this JVM, on a database of its own, spoken to over HTTP. */
public final class RunningService implements AutoCloseable {

    private final HttpClient http = HttpClient.newHttpClient();
    private final ConfigurableApplicationContext context;
    private final URI base;

    private RunningService(ConfigurableApplicationContext context) {
        this.context = context;
        int port = ((WebServerApplicationContext) context).getWebServer().getPort();
        this.base = URI.create("http://127.0.0.1:" + port);
    }

    /**
     * Starts it, with nothing of the machine's environment that could lead to a Redis.
     *
     * @param properties over the defaults; {@code REDIS_URL} and the like as well
     * @param more classes with beans of the test
     */
    public static RunningService on(TestDatabase database, Map<String, String> properties, Class<?>... more) {
        Map<String, String> all = new TreeMap<>(Map.of(
                "spring.datasource.url", database.newUrl(),
                "spring.datasource.username", database.username(),
                "spring.datasource.password", "",
                "spring.datasource.hikari.maximum-pool-size", "8",
                "server.address", "127.0.0.1",
                "server.port", "0",
                "registry.security.key-file", TestKeys.file(TestKeys.line()).toString()));
        all.putAll(properties);
        List<String> arguments = new ArrayList<>();
        all.forEach((name, value) -> arguments.add("--" + name + "=" + value));
        return new RunningService(new SpringApplicationBuilder(RegistrationOutboxApplication.class)
                .sources(more)
                .run(arguments.toArray(String[]::new)));
    }

    /** A registration's body; model, version and token are its identity. */
    public static String registration(String model, String version) {
        return """
                {"model_name":"%s","version":"%s","token_id":"T","proposal_identifier":"P","metric_name":"f1",
                 "baseline_value":0.5,"mlflow_run_id":"r"}""".formatted(model, version);
    }

    /** Registers, and fails unless it was accepted. */
    public void register(String model, String version) {
        HttpResponse<String> answer = post("/models/tokenized-registration-events", registration(model, version));
        if (answer.statusCode() != 200) {
            throw new AssertionError(answer.statusCode() + " " + answer.body());
        }
    }

    public HttpResponse<String> get(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).GET();
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    public HttpResponse<String> post(String path, String json) {
        return send(HttpRequest.newBuilder(base.resolve(path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    public HttpResponse<String> postUnder(String idempotencyKey, String path, String json) {
        return send(HttpRequest.newBuilder(base.resolve(path))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", idempotencyKey)
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    /** With the key that may do everything. */
    private HttpResponse<String> send(HttpRequest.Builder request) {
        request.setHeader("X-API-Key", TestKeys.KEY);
        try {
            return http.send(request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Where it serves, without a slash at the end. */
    public URI base() {
        return base;
    }

    public JdbcTemplate jdbc() {
        return bean(JdbcTemplate.class);
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    @Override
    public void close() {
        context.close();
    }
}

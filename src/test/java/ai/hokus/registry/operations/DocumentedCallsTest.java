package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.RegistrationOutboxApplication;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** The README's calls against a running service, and operators' SQL beside it on the embedded default's file. */
class DocumentedCallsTest {

    private static final Pattern CURL = Pattern.compile("(?m)^curl (.*?)(?:\\s+#.*)?$");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @TempDir
    Path directory;

    @Test
    void the_readmes_curl_lines_are_answered_with_200() throws IOException {
        List<String> calls = CURL.matcher(Files.readString(Path.of("README.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(calls).hasSizeGreaterThanOrEqualTo(6);
        try (ConfigurableApplicationContext service = start(TestDatabase.H2.newUrl())) {
            String base = base(service);
            for (String call : calls) {
                assertThat(call(call, base)).as(call).isEqualTo(200);
            }
        }
    }

    /** The runbook's own command: another process, which AUTO_SERVER connects to the one that has the file open. */
    @Test
    void operators_query_the_file_while_the_service_runs() throws Exception {
        Matcher block =
                Pattern.compile("```sh\njava (-cp h2[^`]*)```").matcher(Files.readString(Path.of("docs/runbook.md")));
        assertThat(block.find()).isTrue();
        List<String> command = words(block.group(1).replace("\\\n", " ").replace('"', '\''));
        command.replaceAll(word -> word.startsWith("h2-") ? h2Jar() : word);
        command.add(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        Path data = Files.createDirectories(directory.resolve("data"));
        String url =
                "jdbc:h2:file:" + data.resolve("registry") + ";AUTO_SERVER=TRUE;MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE"
                        + ";DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0";
        try (ConfigurableApplicationContext service = start(url)) {
            call(
                    "-H 'X-API-Key: dev-key' -d '{\"model_name\":\"churn\",\"version\":\"1\",\"token_id\":\"T\",\"proposal_identifier\":\"P\","
                            + "\"metric_name\":\"f1\",\"baseline_value\":0.5,\"mlflow_run_id\":\"r\"}'"
                            + " http://127.0.0.1:8001/models/tokenized-registration-events",
                    base(service));

            Process shell = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
            String answer = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(shell.waitFor()).as(answer).isZero();
            assertThat(answer)
                    .containsPattern("(?i)partition_id\\s*\\| state\\s*\\| pending")
                    .containsPattern("0 +\\| running \\| 1 ");
        }
    }

    private static String h2Jar() {
        try {
            return Path.of(Class.forName("org.h2.tools.Shell")
                            .getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (ClassNotFoundException | URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static ConfigurableApplicationContext start(String url) {
        return SpringApplication.run(
                RegistrationOutboxApplication.class,
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--registry.security.key-file="
                        + TestKeys.file(TestKeys.line("dev-key", "developer", "full_access,outbox:operate")),
                "--spring.datasource.url=" + url);
    }

    private static String base(ConfigurableApplicationContext service) {
        return "http://127.0.0.1:" + service.getEnvironment().getProperty("local.server.port");
    }

    /** Runs the arguments of a curl line against the service, wherever it serves; returns the status. */
    private static int call(String arguments, String base) {
        HttpRequest.Builder request = HttpRequest.newBuilder();
        List<String> words = words(arguments);
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("-H")) {
                String[] header = words.get(++i).split(": ", 2);
                request.setHeader(header[0], header[1]);
            } else if (word.equals("-d")) {
                request.setHeader("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(words.get(++i)));
            } else if (!word.equals("-i")) {
                assertThat(word).startsWith("http://127.0.0.1:8001/");
                request.uri(URI.create(word.replace("http://127.0.0.1:8001", base)));
            }
        }
        try {
            return HttpClient.newHttpClient()
                    .send(request.build(), HttpResponse.BodyHandlers.ofString())
                    .statusCode();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(line);
        while (matcher.find()) {
            words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
        }
        return words;
    }
}

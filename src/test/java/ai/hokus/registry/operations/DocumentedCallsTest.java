package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The README's calls against a running service. */
class DocumentedCallsTest {

    private static final Pattern CURL = Pattern.compile("(?m)^curl (.*?)(?:\\s+#.*)?$");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    @Test
    void the_readmes_curl_lines_are_answered_with_200() throws IOException {
        List<String> calls = CURL.matcher(Files.readString(Path.of("README.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(calls).hasSizeGreaterThanOrEqualTo(6);
        String keys = TestKeys.file(TestKeys.line("dev-key", "developer", "full_access,outbox:operate"))
                .toString();
        try (RunningService service = RunningService.on(TestDatabase.H2, Map.of("registry.security.key-file", keys))) {
            for (String call : calls) {
                assertThat(call(call, service.base().toString())).as(call).isEqualTo(200);
            }
        }
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

package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Everything that documents, log lines, findings and alarms refer to exists. */
class DocumentLinksTest {

    private static final Path RUNBOOK = Path.of("docs", "runbook.md");
    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
    private static final Pattern ANCHOR = Pattern.compile("<a id=\"([^\"]+)\">");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(?!PWD)([A-Z_]+)");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#\\s]*)#?([^)\\s]*)\\)");

    /** Two literals of one text, in Java and in JavaScript. */
    private static final Pattern JOINT = Pattern.compile("\"\\s*\\+\\s*\"");

    /** A finding's last words, a log line's or the console's, and an alert's address. */
    private static final Pattern SECTION = Pattern.compile("(?:\\bsee\\(\"|the runbook, |runbook\\.md#)([a-z0-9-]+)");

    @Test
    void every_link_between_documents_leads_somewhere() {
        for (Path document : documents()) {
            for (MatchResult link :
                    matches(LINK, CODE_BLOCK.matcher(read(document)).replaceAll(""))) {
                Path target = link.group(1).isEmpty() ? document : document.resolveSibling(link.group(1));
                assertThat(target).as("%s, %s", document, link.group()).exists();
                if (!link.group(2).isEmpty()) {
                    assertThat(anchors(target))
                            .as("%s, %s", document, link.group())
                            .contains(link.group(2));
                }
            }
        }
    }

    @Test
    void every_section_of_the_runbook_that_code_or_alarms_name_is_there() {
        Set<String> named = Stream.of("src/main", "infra")
                .flatMap(folder -> files(Path.of(folder), "java", "js", "yaml", "tf", "md"))
                .flatMap(file -> matches(SECTION, JOINT.matcher(read(file)).replaceAll("")).stream())
                .map(match -> match.group(1))
                .collect(Collectors.toSet());

        assertThat(named)
                .as("of a finding, a log line, the console and an alert")
                .contains("not-relaying", "delivery-stalled", "stopped-partition", "no-metrics");
        assertThat(anchors(RUNBOOK)).containsAll(named);
    }

    @Test
    void every_variable_that_a_documents_commands_use_gets_its_value_there() {
        for (Path document : documents()) {
            String text = read(document);
            for (MatchResult block : matches(CODE_BLOCK, text)) {
                for (MatchResult variable : matches(VARIABLE, block.group())) {
                    assertThat(text)
                            .as("%s, %s", document, variable.group())
                            .containsPattern("\\b%1$s=|`%1$s` is ".formatted(variable.group(1)));
                }
            }
        }
    }

    private static List<Path> documents() {
        return Stream.of(
                        Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
                                .map(Path::of),
                        files(Path.of("docs"), "md"),
                        files(Path.of("infra"), "md"))
                .flatMap(paths -> paths)
                .toList();
    }

    /** As GitHub makes them of headings, and those that stand in the text. */
    private static Set<String> anchors(Path document) {
        String text = CODE_BLOCK.matcher(read(document)).replaceAll("");
        return Stream.concat(
                        matches(HEADING, text).stream()
                                .map(heading -> heading.group(1)
                                        .strip()
                                        .toLowerCase(Locale.ROOT)
                                        .replaceAll("[^\\w\\- ]", "")
                                        .replace(' ', '-')),
                        matches(ANCHOR, text).stream().map(anchor -> anchor.group(1)))
                .collect(Collectors.toSet());
    }

    private static List<MatchResult> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().toList();
    }

    private static Stream<Path> files(Path folder, String... extensions) {
        Pattern name = Pattern.compile(".*\\.(" + String.join("|", extensions) + ")");
        try (Stream<Path> files = Files.walk(folder)) {
            return files
                    .filter(file -> name.matcher(file.getFileName().toString()).matches())
                    .filter(file -> !file.toString().contains(".terraform"))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

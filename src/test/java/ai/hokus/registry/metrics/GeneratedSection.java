package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The lines of {@code docs/metrics.md} that a test writes: those between {@code <!-- NAME -->} and {@code <!-- end of NAME
 * -->}. The rest of the document is not touched.
 */
final class GeneratedSection {

    private static final boolean UPDATE = Boolean.getBoolean("metrics.update");
    private static final Path DOCUMENT = Path.of("docs", "metrics.md");
    private static final Path LOCK = Path.of("target", "metrics.lock");

    static final String HOW_TO_UPDATE = "-Dtest='EmittedMetricsTest,AlarmsTest' -Dmetrics.update=true writes it anew";

    private GeneratedSection() {}

    /** Fails unless the section says exactly this; with {@code -Dmetrics.update=true} it is made to. */
    static void assertSays(String name, List<String> lines) throws IOException {
        try (FileChannel lock = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            lock.lock(); // until it is closed: another test may write its section at the same time, in another JVM
            updateOrCompare(name, lines);
        }
    }

    private static void updateOrCompare(String name, List<String> lines) throws IOException {
        String begin = "<!-- " + name + " -->\n";
        String end = "<!-- end of " + name + " -->\n";
        String document = Files.readString(DOCUMENT);
        assertThat(document).containsOnlyOnce(begin).containsOnlyOnce(end);
        int from = document.indexOf(begin) + begin.length();
        int to = document.indexOf(end);
        String wanted = String.join("\n", lines) + "\n";
        if (UPDATE) {
            Files.writeString(DOCUMENT, document.substring(0, from) + wanted + document.substring(to));
            return;
        }
        assertThat(document.substring(from, to)).as(HOW_TO_UPDATE).isEqualTo(wanted);
    }

    /** Fails unless the file says exactly this; with {@code -Dmetrics.update=true} it is made to. */
    static void assertFileSays(Path file, List<String> lines) throws IOException {
        if (UPDATE) {
            Files.write(file, lines);
            return;
        }
        assertThat(Files.readAllLines(file)).as(HOW_TO_UPDATE).isEqualTo(lines);
    }
}

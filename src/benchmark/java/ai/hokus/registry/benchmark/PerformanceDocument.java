package ai.hokus.registry.benchmark;

import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code docs/performance.md}: each benchmark replaces what stands between its two markers, {@code <!-- name -->} and
 * {@code <!-- /name -->}; what people wrote around them stays. The picture beside it is drawn anew from the tables.
 */
public final class PerformanceDocument {

    private static final Path FILE = Path.of("docs", "performance.md");
    private static final Path PICTURE = Path.of("docs", "performance.svg");

    private PerformanceDocument() {}

    /**
     * Prints the figures, and puts them into the document unless the run was for a look only.
     *
     * @throws IllegalStateException when the document has no such section
     */
    public static synchronized void write(String section, String figures) {
        System.out.println(figures);
        if (Scale.printsOnly()) {
            return;
        }
        try {
            String text = Files.readString(FILE);
            String changed = text.replace(
                    begin(section) + section(text, section) + end(section),
                    begin(section) + "\n" + figures.strip() + "\n" + end(section));
            Files.writeString(FILE, changed);
            Files.writeString(PICTURE, PerformancePicture.of(changed));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What stands between a section's markers.
     *
     * @throws IllegalStateException when the document has no such section
     */
    static String section(String document, String section) {
        int from = document.indexOf(begin(section));
        int to = document.indexOf(end(section));
        if (from < 0 || to < from) {
            throw new IllegalStateException(
                    FILE + " has no section between " + begin(section) + " and " + end(section));
        }
        return document.substring(from + begin(section).length(), to);
    }

    private static String begin(String section) {
        return "<!-- " + section + " -->";
    }

    private static String end(String section) {
        return "<!-- /" + section + " -->";
    }

    /** Processors and versions, for below a table. */
    public static String machine(String postgres) {
        return "%s %s, %d processors, Java %s, PostgreSQL %s with fsync on and default settings, Redis %s; all on one machine."
                .formatted(
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("java.version"),
                        postgres,
                        TestRedis.version());
    }
}

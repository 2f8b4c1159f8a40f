package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** The libraries in the executable jar, of which the loader asks one after the other for each class. */
class JarOrderIT {

    private static final String LIBRARIES = "BOOT-INF/lib/";

    @Test
    void what_the_start_loads_most_from_stands_first() throws IOException {
        List<String> order = Files.readAllLines(Path.of("src", "build", "jar-order.txt")).stream()
                .filter(line -> !line.startsWith("#"))
                .toList();
        List<String> libraries = libraries().stream()
                .map(library -> library.getName().substring(LIBRARIES.length()))
                .toList();

        assertThat(order).isNotEmpty().hasSizeLessThan(libraries.size());
        for (int i = 0; i < order.size(); i++) {
            assertThat(libraries.get(i)).startsWith(order.get(i));
        }
    }

    @Test
    void none_is_compressed() throws IOException {
        assertThat(libraries())
                .allSatisfy(library ->
                        assertThat(library.getMethod()).as(library.getName()).isEqualTo(ZipEntry.STORED));
    }

    private static List<? extends ZipEntry> libraries() throws IOException {
        try (ZipFile jar = new ZipFile(System.getProperty("application.jar"))) {
            return jar.stream()
                    .filter(entry -> entry.getName().startsWith(LIBRARIES) && !entry.isDirectory())
                    .toList();
        }
    }
}

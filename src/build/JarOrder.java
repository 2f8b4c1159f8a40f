import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * {@code java JarOrder.java JAR ORDER}: puts the libraries inside the executable jar that the start loads most from first.
 *
 * <p>For each class Spring Boot's loader asks the libraries one after the other, in the order in which they stand in the jar,
 * and a build that shall be reproducible gets them by alphabet: behind a hundred others, those of Spring. ORDER is a text
 * file with the beginnings of file names, the first first; what it does not name follows, as it was. Nothing else of the jar
 * changes: the same jar and the same order make the same bytes.
 */
final class JarOrder {

    private static final String LIBRARIES = "BOOT-INF/lib/";

    private JarOrder() {}

    public static void main(String[] args) throws IOException {
        Path jar = Path.of(args[0]);
        List<String> order = Files.readAllLines(Path.of(args[1])).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
        Path ordered = jar.resolveSibling(jar.getFileName() + ".ordered");
        try (ZipFile from = new ZipFile(jar.toFile());
                ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(ordered))) {
            for (ZipEntry entry : inOrder(from, order)) {
                copy(from, entry, to);
            }
        }
        Files.move(ordered, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    private static List<ZipEntry> inOrder(ZipFile jar, List<String> order) {
        List<ZipEntry> entries = new ArrayList<>(Collections.list(jar.entries()).stream()
                .map(ZipEntry.class::cast)
                .toList());
        for (String name : order) {
            if (entries.stream().noneMatch(entry -> isLibrary(entry) && rest(entry).startsWith(name))) {
                throw new IllegalArgumentException("The jar has no library that begins with " + name
                        + ": a line of the order is out of date, and its start slower than it need be.");
            }
        }
        // Stable: everything else stays before the libraries and in its own order.
        entries.sort(Comparator.comparingInt(entry -> isLibrary(entry) ? rank(rest(entry), order) : -1));
        return entries;
    }

    private static boolean isLibrary(ZipEntry entry) {
        return entry.getName().startsWith(LIBRARIES) && entry.getName().endsWith(".jar");
    }

    private static String rest(ZipEntry library) {
        return library.getName().substring(LIBRARIES.length());
    }

    private static int rank(String library, List<String> order) {
        for (int i = 0; i < order.size(); i++) {
            if (library.startsWith(order.get(i))) {
                return i;
            }
        }
        return order.size();
    }

    /** Libraries stay uncompressed: the loader reads them where they lie. */
    private static void copy(ZipFile from, ZipEntry entry, ZipOutputStream to) throws IOException {
        ZipEntry copy = new ZipEntry(entry);
        if (copy.getMethod() == ZipEntry.DEFLATED) {
            copy.setCompressedSize(-1); // another zlib may make another size of it
        }
        to.putNextEntry(copy);
        try (InputStream content = from.getInputStream(entry)) {
            content.transferTo(to);
        }
        to.closeEntry();
    }
}

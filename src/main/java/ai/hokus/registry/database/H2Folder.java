package ai.hokus.registry.database;

import ai.hokus.registry.StartupRefusedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks the folder of an embedded database's file before H2 uses it: H2 would print a stack trace of its own. */
final class H2Folder {

    private static final Pattern FILE_URL = Pattern.compile("jdbc:h2:(?:file:)?(~?[./\\w][^:;]*)(?:;.*)?");

    private H2Folder() {}

    /** @throws StartupRefusedException if the URL names a file whose folder is not writable and cannot be made */
    static void check(@Nullable String url) {
        Matcher matcher = FILE_URL.matcher(String.valueOf(url));
        if (!matcher.matches()) {
            return;
        }
        String name = matcher.group(1);
        Path folder = Path.of(name.startsWith("~") ? System.getProperty("user.home") + name.substring(1) : name)
                .toAbsolutePath()
                .normalize()
                .getParent();
        while (folder != null && Files.notExists(folder)) {
            folder = folder.getParent();
        }
        boolean isFolder = folder == null || Files.isDirectory(folder);
        if (folder == null || !isFolder || !Files.isWritable(folder)) {
            String user = System.getProperty("user.name");
            throw new StartupRefusedException(
                    "The database " + DatabaseProblem.address(url) + " cannot be written: "
                            + (isFolder
                                    ? "the folder " + folder + " is not writable for the user " + user + "."
                                    : folder + " is not a folder."),
                    "Make it a folder that this user can write (in a container: a volume), or set another path in"
                            + " spring.datasource.url.");
        }
    }
}

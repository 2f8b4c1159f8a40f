package ai.hokus.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file that holds a secret, for example on a secrets volume. Its content may change. Line breaks at its end are not part
 * of the secret. Thread-safe.
 *
 * @param variable the environment variable that holds the path, for messages
 * @param name the path
 */
public record SecretFile(String variable, String name) {

    /** More than any password needs. */
    private static final int MAX_BYTES = 4096;

    /** Reads it. Returns empty if the file is missing, empty or too large: a file that is being replaced may be any of these. */
    public Optional<String> read() {
        try {
            Path path = Path.of(name);
            if (Files.size(path) > MAX_BYTES) {
                return Optional.empty();
            }
            String content = Files.readString(path).replaceFirst("[\\r\\n]+\\z", "");
            return content.isBlank() ? Optional.empty() : Optional.of(content);
        } catch (IOException | InvalidPathException unreadable) {
            return Optional.empty();
        }
    }

    /** Throws if {@link #read} finds nothing. The message does not quote the path, which may be the secret itself. */
    public String require() {
        return read().orElseThrow(() -> new StartupRefusedException(
                variable + " must name a readable file that holds the password, for example /run/secrets/password.",
                "Correct " + variable + ", or fill the file."));
    }

    /** Without the path: somebody may have put the secret itself there. */
    @Override
    public String toString() {
        return "a secret's file";
    }
}

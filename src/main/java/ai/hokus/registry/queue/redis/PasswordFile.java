package ai.hokus.registry.queue.redis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** The file that {@code REDIS_AUTH_TOKEN_FILE} names. White space around the password is not part of it. Thread-safe. */
record PasswordFile(String name) {

    /** A password, not a document. */
    private static final int MAX_BYTES = 4096;

    /** Returns empty when the file is away, empty, or too large: a file that is being replaced may be any of these. */
    Optional<String> read() {
        try {
            Path path = Path.of(name);
            if (Files.size(path) > MAX_BYTES) {
                return Optional.empty();
            }
            String content = Files.readString(path).strip();
            return content.isEmpty() ? Optional.empty() : Optional.of(content);
        } catch (IOException | InvalidPathException unreadable) {
            return Optional.empty();
        }
    }
}

package ai.hokus.registry.security;

import ai.hokus.registry.StartupRefusedException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.zip.DataFormatException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys in a file, one a line: {@code SHA256-OF-KEY USER-ID SCOPE[,SCOPE...]}; empty lines and lines that start with {@code #}
 * are ignored. Requests check for a change every {@link #CHECK_INTERVAL}. A change counts once it is that old, or two checks in a
 * row have read the same: a file that is being written may be empty, or end after any line. If the changed file cannot be used, the previous
 * keys stay valid, and the log names the line. No line is ever quoted: somebody may have put a key there instead of its hash.
 */
final class KeyFile implements KeyVerifier {

    private static final Logger log = LoggerFactory.getLogger(KeyFile.class);

    /** Reading a file of usual size (some kilobytes, in the page cache) takes some tens of microseconds. */
    static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

    /** Some ten thousand keys. */
    private static final int MAX_BYTES = 1 << 20;

    private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");
    private static final Pattern USER_ID = Pattern.compile("[\\x21-\\x7e]{1,255}");
    private static final Pattern SCOPES = Pattern.compile("[A-Za-z0-9_.:-]+(,[A-Za-z0-9_.:-]+)*");

    private final Path file;
    private final LongSupplier nanoTime;
    private final ReentrantLock reloading = new ReentrantLock();

    private String content;
    private String lastRead;
    private String failure = "";
    private volatile long checkedAt;
    private volatile Map<String, Verdict> keys;

    /** @throws StartupRefusedException when the file cannot be used */
    KeyFile(String file, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        try {
            this.file = Path.of(file.strip());
            this.content = read();
            this.lastRead = content;
            this.keys = parse(content);
        } catch (InvalidPathException e) {
            throw SecuritySettings.unusable("API_KEYS_FILE is not the path of a file.");
        } catch (IOException | DataFormatException e) {
            throw SecuritySettings.unusable("API_KEYS_FILE names " + describe(e) + ".");
        }
        this.checkedAt = nanoTime.getAsLong();
        log.info("{} API keys in {}", keys.size(), file);
    }

    @Override
    public Verdict verify(ApiKey key, String clientAddress) {
        reloadIfChanged();
        // Looking up a hash takes a time that tells nothing about any key.
        return keys.getOrDefault(key.sha256(), new Verdict.Unknown());
    }

    /** One request checks the file; others that come meanwhile use the present keys. */
    private void reloadIfChanged() {
        if (nanoTime.getAsLong() - checkedAt < CHECK_INTERVAL.toNanos() || !reloading.tryLock()) {
            return;
        }
        try {
            String now = read();
            failure = "";
            boolean isWritten = now.equals(lastRead) || isUntouchedFor(CHECK_INTERVAL);
            lastRead = now;
            if (isWritten && !now.equals(content)) {
                content = now;
                keys = parse(now);
                log.info("The API keys were read again: {} in {}", keys.size(), file);
            }
        } catch (IOException | DataFormatException e) {
            String found = describe(e);
            if (!found.equals(failure)) {
                failure = found;
                log.error("API_KEYS_FILE changed, and now names {}; the {} previous keys remain.", found, keys.size());
            }
        } finally {
            checkedAt = nanoTime.getAsLong();
            reloading.unlock();
        }
    }

    /** After a read: what was read is whole. */
    private boolean isUntouchedFor(Duration time) throws IOException {
        return Files.getLastModifiedTime(file)
                .toInstant()
                .isBefore(Instant.now().minus(time));
    }

    private String read() throws IOException, DataFormatException {
        if (Files.size(file) > MAX_BYTES) {
            throw new DataFormatException("is larger than " + MAX_BYTES + " bytes");
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new DataFormatException("is not UTF-8");
        }
    }

    private static Map<String, Verdict> parse(String content) throws DataFormatException {
        Map<String, Verdict> keys = new HashMap<>();
        int number = 0;
        for (String line : content.lines().map(String::strip).toList()) {
            number++;
            if (!line.isEmpty() && !line.startsWith("#")) {
                addLine(line, number, keys);
            }
        }
        return Map.copyOf(keys);
    }

    private static void addLine(String line, int number, Map<String, Verdict> keys) throws DataFormatException {
        String[] words = line.split("\\s+", -1);
        if (words.length != 3) {
            throw new DataFormatException("has " + words.length + " words in line " + number
                    + " instead of three: the key's SHA-256, a user id, scopes with commas between");
        }
        if (!SHA256.matcher(words[0]).matches()) {
            throw new DataFormatException("has no SHA-256 (64 hexadecimal digits) as the first word of line " + number);
        }
        if (!USER_ID.matcher(words[1]).matches()) {
            throw new DataFormatException("has no user id of 1 to 255 ASCII characters in line " + number);
        }
        if (!SCOPES.matcher(words[2]).matches()) {
            throw new DataFormatException("has no list of scopes, with commas between, in line " + number);
        }
        Verdict verdict = new Verdict.Known(words[1], Set.copyOf(List.of(words[2].split(",", -1))));
        if (keys.putIfAbsent(words[0].toLowerCase(Locale.ROOT), verdict) != null) {
            throw new DataFormatException("has in line " + number + " a key that an earlier line has");
        }
    }

    /** A phrase to follow "names". */
    private String describe(Exception e) {
        if (e instanceof DataFormatException) {
            return file + ", which " + e.getMessage();
        }
        if (e instanceof AccessDeniedException) {
            return file + ", which user " + System.getProperty("user.name") + " (10001 in the image) may not read";
        }
        return file + ", which cannot be read (" + e + ")";
    }
}

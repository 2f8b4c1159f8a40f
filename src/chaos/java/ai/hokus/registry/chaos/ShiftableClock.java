package ai.hokus.registry.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The wall clock of one process, by libfaketime: it is set while the process runs, and elapsed time stays the machine's. */
final class ShiftableClock implements AutoCloseable {

    private final Path library;
    private final Path folder = Children.folder("clock");
    private final Path shift = folder.resolve("shift");

    private ShiftableClock(Path library) {
        this.library = library;
        shift(Duration.ZERO);
    }

    /** One that is right; empty: libfaketime is not installed. */
    static Optional<ShiftableClock> find() {
        try (Stream<Path> folders = Files.list(Path.of("/usr/lib"))) {
            return folders.map(folder -> folder.resolve("faketime/libfaketimeMT.so.1"))
                    .filter(Files::exists)
                    .findFirst()
                    .map(ShiftableClock::new);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** With which the process is launched. */
    Map<String, String> environment() {
        return Map.of(
                "LD_PRELOAD",
                library.toString(),
                "FAKETIME_TIMESTAMP_FILE",
                shift.toString(),
                "FAKETIME_CACHE_DURATION",
                "1",
                "NO_FAKE_STAT",
                "1",
                "FAKETIME_DONT_FAKE_MONOTONIC",
                "1",
                // Else the library takes a shifted time off every monotonic deadline, although nobody was shown that
                // one:
                // each timed wait of the JVM ends at once, and its threads spin until it has no time left to start in.
                "FAKETIME_FORCE_MONOTONIC_FIX",
                "0");
    }

    /** The process sees it within two seconds. */
    void shift(Duration by) {
        try {
            Path next = Files.writeString(folder.resolve("next"), String.format("%+d%n", by.toSeconds()));
            Files.move(next, shift, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        Children.delete(folder);
    }
}

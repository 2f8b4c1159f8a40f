package ai.hokus.registry.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** The processes of the harness: each is ended by its id, at the latest when this JVM ends. Thread-safe. */
public final class Children {

    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
    private static final Set<Path> FOLDERS = ConcurrentHashMap.newKeySet();

    private static boolean ending; // guarded by RUNNING

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Children::endAll, "chaos-end"));
    }

    private Children() {}

    /** @throws IllegalStateException once this JVM ends: nobody would end the process */
    public static Process start(ProcessBuilder builder) {
        try {
            Process process;
            synchronized (RUNNING) {
                if (ending) {
                    throw new IllegalStateException("this JVM ends");
                }
                process = builder.start();
                RUNNING.add(process);
            }
            process.onExit().thenRun(() -> RUNNING.remove(process));
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL, to it and what it started. Returns when it is gone. */
    public static void kill(Process process) {
        List<ProcessHandle> started = process.descendants().toList();
        process.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
        awaitExit(process, 20);
    }

    static boolean awaitExit(Process process, long seconds) {
        try {
            return process.waitFor(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** @param name without SIG: STOP, CONT, QUIT, INT */
    public static void signal(Process process, String name) {
        run(List.of("kill", "-" + name, Long.toString(process.pid())));
    }

    /** Runs a command to its end and returns what it printed. */
    public static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!awaitExit(process, 120) || process.exitValue() != 0) {
                throw new IllegalStateException(command + " failed:\n" + output);
            }
            return output.strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new folder that goes with this JVM. */
    public static Path folder(String name) {
        try {
            Path folder = Files.createTempDirectory("chaos-" + name + "-");
            FOLDERS.add(folder);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void endAll() {
        synchronized (RUNNING) {
            ending = true;
        }
        for (Process process : RUNNING) {
            List<ProcessHandle> started = process.descendants().toList();
            process.destroyForcibly();
            started.forEach(ProcessHandle::destroyForcibly);
        }
        RUNNING.forEach(process -> awaitExit(process, 5));
        FOLDERS.forEach(Children::delete);
    }

    public static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException gone) {
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                    Files.deleteIfExists(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException leftToTheSystemsOwnTidying) {
            // It is a temporary folder.
        }
    }
}

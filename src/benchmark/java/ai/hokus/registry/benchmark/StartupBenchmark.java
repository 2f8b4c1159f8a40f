package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.Children;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * The time from the start of the process to the first accepted registration, by JDK and by how the start was prepared
 * (extracted jar, class data archive, ahead-of-time cache). Interleaved in one run.
 */
class StartupBenchmark {

    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration TIMEOUT = Duration.ofSeconds(120);

    @Test
    void startup() throws Exception {
        Path folder = Children.folder("startup");
        List<Start> starts = new ArrayList<>(starts(
                ServiceUnderTest.java(),
                "Java " + System.getProperty("java.specification.version"),
                folder.resolve("own")));
        Optional<String> java25 = java25();
        if (java25.isPresent()) {
            starts.addAll(starts(java25.get(), "Java 25", folder.resolve("java25")));
            starts.add(cached(
                    java25.get(),
                    "Java 25, ahead-of-time cache",
                    folder.resolve("java25"),
                    "AOTCacheOutput",
                    "AOTCache"));
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (Start start : starts) {
                start.seconds.add(seconds(start.command));
            }
        }
        StringBuilder text = new StringBuilder("""
                | | s | by the first |
                |---|---|---|
                """);
        for (Start start : starts) {
            text.append("| %s | %s | %s |%n"
                    .formatted(
                            start.name,
                            start.seconds.text("%.2f"),
                            start.seconds.per(starts.get(0).seconds).text("%.2f")));
        }
        text.append("%n%d rounds, in turn; median (least to most). %s %s, %d processors.%n"
                .formatted(
                        ROUNDS,
                        System.getProperty("os.name"),
                        System.getProperty("os.arch"),
                        Runtime.getRuntime().availableProcessors()));
        PerformanceDocument.write("startup", text.toString());
    }

    private record Start(String name, List<String> command, Spread seconds) {}

    private static List<Start> starts(String java, String name, Path folder) {
        return List.of(
                new Start(
                        name + ", the jar",
                        List.of(java, "-jar", ServiceUnderTest.jar().toString()),
                        new Spread()),
                new Start(name + ", extracted", List.of(java, "-jar", extracted(java, folder)), new Spread()),
                cached(java, name + ", class data archive", folder, "ArchiveClassesAtExit", "SharedArchiveFile"));
    }

    /** With what a run that ends once everything is wired has left behind. */
    private static Start cached(String java, String name, Path folder, String writes, String reads) {
        Path cache = folder.resolve(reads);
        String jar = extracted(java, folder);
        // In a folder of its own: the training makes a database.
        Children.run(List.of(
                java,
                "-XX:" + writes + "=" + cache,
                "-Dspring.context.exit=onRefresh",
                "-jar",
                jar,
                "--spring.datasource.url=jdbc:h2:file:" + folder.resolve("training") + ";MODE=PostgreSQL"
                        + ";DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH;WRITE_DELAY=0;AUTO_SERVER=TRUE"));
        if (!Files.exists(cache)) {
            throw new IllegalStateException("the training run left no " + cache);
        }
        return new Start(name, List.of(java, "-XX:" + reads + "=" + cache, "-jar", jar), new Spread());
    }

    private static String extracted(String java, Path folder) {
        Path jar = folder.resolve("service").resolve(ServiceUnderTest.jar().getFileName());
        if (!Files.exists(jar)) {
            Children.run(List.of(
                    java,
                    "-Djarmode=tools",
                    "-jar",
                    ServiceUnderTest.jar().toString(),
                    "extract",
                    "--destination",
                    jar.getParent().toString()));
        }
        return jar.toString();
    }

    private static double seconds(List<String> command) {
        byte[] request = Load.registrations(1, 1, "").next(0, 0);
        long start = System.nanoTime();
        try (ServiceUnderTest service = ServiceUnderTest.start(command, Map.of());
                HttpConnection connection = new HttpConnection(service.port())) {
            while (!accepted(connection, request)) {
                if (System.nanoTime() - start > TIMEOUT.toNanos()) {
                    throw new AssertionError("no registration was accepted within " + TIMEOUT + " by " + command);
                }
                LockSupport.parkNanos(2_000_000);
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private static boolean accepted(HttpConnection connection, byte[] request) {
        try {
            return connection.exchange(request).status() == 200;
        } catch (IOException notThereYet) {
            return false;
        }
    }

    private static Optional<String> java25() throws IOException {
        String named = System.getenv("BENCHMARK_JDK25");
        if (named != null) {
            return Optional.of(Path.of(named, "bin", "java").toString());
        }
        Path installed = Path.of("/usr/lib/jvm");
        if (Files.isDirectory(installed)) {
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(installed, "*25*")) {
                for (Path folder : folders) {
                    Path java = folder.resolve("bin").resolve("java");
                    if (Files.isExecutable(java)) {
                        return Optional.of(java.toString());
                    }
                }
            }
        }
        return Optional.empty();
    }
}

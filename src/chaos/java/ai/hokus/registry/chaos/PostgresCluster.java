package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * A PostgreSQL server with fsync on: the machine's binaries where it has them, the embedded ones elsewhere. As root it runs
 * as another user, since PostgreSQL refuses root.
 */
public final class PostgresCluster implements AutoCloseable {

    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    private static Path binaries;
    private static Path template;

    private final Path data;
    private final Path log;
    private final List<String> settings;
    private final int port;
    private final JdbcTemplate jdbc;
    private Process process;

    private PostgresCluster(Path data, String... settings) {
        this.data = data;
        this.settings = List.of(settings);
        this.log = data.resolveSibling(data.getFileName() + ".log");
        this.port = TestRedis.freePort();
        this.jdbc = new JdbcTemplate(
                new DriverManagerDataSource(url("postgres") + "?connectTimeout=2&socketTimeout=10", "postgres", ""));
    }

    /**
     * A new, empty one.
     *
     * @param settings as on the server's command line, for example {@code wal_level=logical}
     */
    public static synchronized PostgresCluster start(String... settings) {
        if (template == null) {
            template = initialised();
        }
        return startFrom(template, settings);
    }

    /** One with the files of a stopped cluster, as {@link #backUp} leaves them. */
    static PostgresCluster startFrom(Path files, String... settings) {
        Path data = newFolder().resolve("data");
        copy(files, data);
        PostgresCluster cluster = new PostgresCluster(data, settings);
        cluster.restart();
        return cluster;
    }

    public int port() {
        return port;
    }

    /** Of a database on it; the user is {@code postgres}, without a password. */
    public String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    /** Straight to it, past all proxies. */
    public JdbcTemplate jdbc() {
        return jdbc;
    }

    /** A session that the caller closes. */
    Connection session() {
        try {
            return jdbc.getDataSource().getConnection();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    public String version() {
        return jdbc.queryForObject("SHOW server_version", String.class);
    }

    /** What the server writes, statements too where it is told to. */
    public Path log() {
        return log;
    }

    /** The server and all that it started, as of now. */
    public List<ProcessHandle> processes() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
    }

    /** SIGKILL: to the server first, so that nothing of it gets to say goodbye. */
    void kill() {
        Children.kill(process);
    }

    /** Starts it again, and recovers. */
    void restart() {
        List<String> command = asUser(
                binaries().resolve("postgres").toString(),
                "-D",
                data.toString(),
                "-p",
                Integer.toString(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=on",
                "-c",
                "max_connections=150");
        settings.forEach(setting -> command.addAll(List.of("-c", setting)));
        // Killed processes take a moment to let go of the shared memory: it then refuses to start, once or twice.
        Await.until("PostgreSQL serves; its log is " + log, START_TIMEOUT, () -> {
            if (process == null || !process.isAlive()) {
                process = Children.start(new ProcessBuilder(command)
                        .directory(data.getParent().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())));
            }
            return jdbc.queryForObject("SELECT 1", Integer.class) == 1;
        });
    }

    /** A copy of its files, as they are now; it is away for a second meanwhile. */
    Path backUp() {
        stop();
        Path backup = newFolder().resolve("backup");
        copy(data, backup);
        restart();
        return backup;
    }

    /** Kills it, puts a backup's files in place of its own, and starts it. */
    void restore(Path backup) {
        kill();
        Children.run(List.of("rm", "-rf", data.toString()));
        copy(backup, data);
        restart();
    }

    private void stop() {
        Children.signal(process, "INT");
        if (!Children.awaitExit(process, 30)) {
            throw new AssertionError("PostgreSQL does not stop; its log is " + log);
        }
    }

    @Override
    public void close() {
        if (process != null && process.isAlive()) {
            kill();
        }
        Children.delete(data.getParent());
    }

    private static Path initialised() {
        Path data = newFolder().resolve("data");
        Children.run(asUser(
                binaries().resolve("initdb").toString(),
                "-D",
                data.toString(),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync"));
        return data;
    }

    private static void copy(Path from, Path to) {
        Children.run(List.of("cp", "-a", from.toString(), to.toString()));
    }

    private static Path newFolder() {
        Path folder = Children.folder("postgres");
        if (isRoot()) {
            Children.run(List.of("chown", user(), folder.toString()));
        }
        return folder;
    }

    private static List<String> asUser(String... command) {
        List<String> words = new ArrayList<>();
        if (isRoot()) {
            String group = Children.run(List.of("id", "-gn", user()));
            words.addAll(List.of("setpriv", "--reuid=" + user(), "--regid=" + group, "--clear-groups"));
        }
        words.addAll(List.of(command));
        return words;
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private static String user() {
        try {
            Children.run(List.of("id", "postgres"));
            return "postgres";
        } catch (IllegalStateException nobodyOfThatName) {
            return "nobody";
        }
    }

    private static synchronized Path binaries() {
        if (binaries == null) {
            binaries = installed().isEmpty() ? embedded() : installed().get(0);
        }
        return binaries;
    }

    /** Folders with PostgreSQL's programs, the newest version first. */
    private static List<Path> installed() {
        List<Path> folders = new ArrayList<>();
        String path = System.getenv().getOrDefault("PATH", "");
        Stream.of(path.split(File.pathSeparator)).map(Path::of).forEach(folders::add);
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                versions.sorted(Comparator.<Path>naturalOrder().reversed())
                        .map(version -> version.resolve("bin"))
                        .forEach(folders::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return folders.stream()
                .filter(folder ->
                        Files.isExecutable(folder.resolve("postgres")) && Files.isExecutable(folder.resolve("initdb")))
                .toList();
    }

    /** Lets the library unpack its own, by starting it once. */
    private static Path embedded() {
        Path folder = newFolder();
        try {
            EmbeddedPostgres.builder()
                    .setOverrideWorkingDirectory(folder.toFile())
                    .start()
                    .close();
            try (Stream<Path> files = Files.walk(folder)) {
                return files.filter(file -> file.endsWith("bin/postgres"))
                        .findFirst()
                        .orElseThrow()
                        .getParent();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package ai.hokus.registry.database;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.TestRedis;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A real PgBouncer in transaction mode in front of the tests' PostgreSQL. Where it is not installed, the test is skipped. */
final class PgBouncer implements AutoCloseable {

    /** Server connections for each user of a database. */
    static final int POOL_SIZE = 4;

    private final int port = TestRedis.freePort();
    private final Process process;

    private PgBouncer(Path program, Path folder, String role) {
        try {
            Path users = Files.writeString(folder.resolve("users.txt"), "\"" + role + "\" \"right\"\n");
            Path settings = Files.writeString(
                    folder.resolve("pgbouncer.ini"), """
                    [databases]
                    * = host=127.0.0.1 port=%d
                    [pgbouncer]
                    listen_addr = 127.0.0.1
                    listen_port = %d
                    unix_socket_dir =
                    auth_type = trust
                    auth_file = %s
                    pool_mode = transaction
                    default_pool_size = %d
                    ignore_startup_parameters = extra_float_digits
                    """.formatted(TestServer.port(), port, users, POOL_SIZE));
            // It refuses to run as root, and the folder is the test's.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            List<String> command = new ArrayList<>(List.of(program.toString(), "-q", settings.toString()));
            if ("root".equals(System.getProperty("user.name"))) {
                command.addAll(1, List.of("-u", "nobody"));
            }
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("pgbouncer.log").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts one.
     *
     * @param folder for its files
     * @param role that may connect, with the password "right"
     */
    static PgBouncer start(Path folder, String role) {
        Path program = Stream.concat(Stream.of(System.getenv("PATH").split(File.pathSeparator)), Stream.of("/usr/sbin"))
                .map(directory -> Path.of(directory, "pgbouncer"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        assumeTrue(program != null, "pgbouncer is not installed");
        PgBouncer bouncer = new PgBouncer(program, folder, role);
        JdbcTemplate jdbc = new JdbcTemplate(new DriverManagerDataSource(bouncer.url("postgres"), role, "right"));
        Eventually.await("PgBouncer serves", () -> {
            try {
                return bouncer.process.isAlive() && jdbc.queryForObject("SELECT 1", Integer.class) == 1;
            } catch (DataAccessException e) {
                return false;
            }
        });
        return bouncer;
    }

    String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

package ai.hokus.registry.status;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.Stream;
import org.springframework.jdbc.core.JdbcTemplate;

/** A PostgreSQL server of a test's own, which can be frozen with all its processes, and be made read-only. */
final class FrozenPostgres implements AutoCloseable {

    private final EmbeddedPostgres server;
    private final JdbcTemplate admin;
    private long frozen;

    FrozenPostgres() {
        try {
            server = EmbeddedPostgres.builder()
                    .setServerConfig("max_prepared_transactions", "10")
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        admin = new JdbcTemplate(server.getPostgresDatabase());
    }

    /** Of an empty schema. */
    String newUrl() {
        String schema = "t" + UUID.randomUUID().toString().replace("-", "");
        admin.execute("CREATE SCHEMA " + schema);
        return server.getJdbcUrl("postgres", "postgres") + "&currentSchema=" + schema
                + "&options=-c%20synchronous_commit=on";
    }

    JdbcTemplate admin() {
        return admin;
    }

    void refuseWrites() {
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on");
        admin.execute("SELECT pg_reload_conf()");
    }

    void takeWrites() {
        admin.execute("ALTER SYSTEM RESET default_transaction_read_only");
        admin.execute("SELECT pg_reload_conf()");
    }

    /** No process of the server runs until {@link #thaw}. */
    void freeze() {
        frozen = postmaster();
        signal("STOP", frozen);
    }

    void thaw() {
        signal("CONT", frozen);
    }

    private long postmaster() {
        Path data = Path.of(admin.queryForObject("SHOW data_directory", String.class));
        try {
            return Long.parseLong(
                    Files.readAllLines(data.resolve("postmaster.pid")).get(0).trim());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void signal(String signal, long postmaster) {
        ProcessHandle server = ProcessHandle.of(postmaster).orElseThrow();
        Stream.concat(Stream.of(server), server.children()).forEach(process -> {
            try {
                new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

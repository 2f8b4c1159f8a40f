package ai.hokus.registry.database;

import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** The PostgreSQL server of the tests, for those that need a database and roles of their own. */
final class TestServer {

    private static final String URL = TestDatabase.POSTGRESQL.newUrl();

    private TestServer() {}

    static int port() {
        return URI.create(URL.substring("jdbc:".length())).getPort();
    }

    static String url(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port() + "/" + database;
    }

    /** The superuser, in that database. */
    static JdbcTemplate admin(String database) {
        return new JdbcTemplate(new DriverManagerDataSource(url(database), "postgres", ""));
    }

    /** An empty one that this role owns. */
    static String newDatabase(String owner, String options) {
        String name = freshName();
        admin("postgres").execute("CREATE DATABASE " + name + " OWNER " + owner + " TEMPLATE template0 " + options);
        return name;
    }

    static String newRole() {
        String name = freshName();
        admin("postgres").execute("CREATE ROLE " + name + " LOGIN PASSWORD 'right'");
        return name;
    }

    /** From now on the server asks this role for its password; it trusts everybody else. */
    static void requirePassword(String role) {
        JdbcTemplate admin = admin("postgres");
        Path rules = Path.of(admin.queryForObject("SHOW hba_file", String.class));
        try {
            Files.writeString(rules, "host all " + role + " all scram-sha-256\n" + Files.readString(rules));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        admin.execute("SELECT pg_reload_conf()");
    }

    private static String freshName() {
        return "t" + UUID.randomUUID().toString().replace("-", "");
    }
}

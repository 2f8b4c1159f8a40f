package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * The read-only role, as documented: the database is made as {@code docs/deployment.md} says, which revokes CONNECT from
 * PUBLIC. Then the same administrator, who as on RDS is not a superuser, runs {@code docs/operators-role.sql}.
 */
class OperatorsRoleTest {

    private static final Pattern BLOCK = Pattern.compile("```[a-z]*\n(.*?)```", Pattern.DOTALL);

    private final String suffix = "_" + UUID.randomUUID().toString().replace("-", "");
    private final String service = "registry" + suffix;
    private final String reader = "registration_outbox_reader" + suffix;
    private final String administrator = "administrator" + suffix;
    private final String person = "ada" + suffix;
    private final String url = TestDatabase.POSTGRESQL.newUrl();
    private final JdbcTemplate superuser = as("postgres", "postgres");

    @BeforeEach
    void the_database_of_the_first_deployment_and_the_role() throws IOException {
        superuser.execute("CREATE ROLE " + administrator + " LOGIN CREATEROLE CREATEDB");
        superuser.execute("GRANT pg_monitor TO " + administrator + " WITH ADMIN OPTION"); // RDS' master has it
        statements(blockWith("docs/deployment.md", "REVOKE CONNECT ON DATABASE registry FROM PUBLIC"))
                .forEach(as(administrator, "postgres")::execute);
        Flyway.configure()
                .dataSource(as(service, service).getDataSource())
                .locations("classpath:db/migration/postgresql")
                .placeholders(Map.of("partitions", "1"))
                .load()
                .migrate();
        statements(Files.readString(Path.of("docs/operators-role.sql"))).forEach(as(administrator, service)::execute);
    }

    @AfterEach
    void drop() {
        superuser.execute("DROP DATABASE IF EXISTS " + service + " WITH (FORCE)");
        for (String role : List.of(person, reader, service, administrator)) {
            superuser.execute("DROP OWNED BY " + role);
            superuser.execute("DROP ROLE " + role);
        }
    }

    @Test
    void reads_everything_and_changes_nothing() {
        JdbcTemplate ada = as(person, service);

        assertThat(ada.queryForObject("SELECT count(*) FROM outbox_status", Long.class))
                .isEqualTo(1);
        assertThat(ada.queryForObject("SELECT count(*) FROM registration", Long.class))
                .isZero();
        assertThatThrownBy(() -> ada.update("BEGIN READ WRITE; DELETE FROM outbox_partition"))
                .hasStackTraceContaining("permission denied");
    }

    @Test
    void reads_what_a_later_release_adds() {
        as(service, service).execute("CREATE VIEW outbox_more AS SELECT 1 AS one");

        assertThat(as(person, service).queryForObject("SELECT one FROM outbox_more", Long.class))
                .isEqualTo(1);
    }

    @Test
    void has_bounds_that_reach_the_person() {
        JdbcTemplate ada = as(person, service);

        assertThat(ada.queryForObject("SHOW statement_timeout", String.class)).isEqualTo("30s");
        assertThat(ada.queryForObject("SHOW default_transaction_read_only", String.class))
                .isEqualTo("on");
        assertThat(ada.queryForObject("SHOW idle_in_transaction_session_timeout", String.class))
                .isEqualTo("1min");
    }

    @Test
    void sees_what_other_sessions_do() {
        String open = "SELECT query FROM pg_stat_activity WHERE usename = '" + administrator + "'";

        assertThat(as(administrator, service).execute((java.sql.Connection other) -> {
                    other.createStatement().execute("SELECT 'something'");
                    return as(person, service).queryForObject(open, String.class);
                }))
                .isEqualTo("SELECT 'something'");
    }

    @Test
    void nobody_else_can_connect() {
        superuser.execute("ALTER ROLE " + reader + " LOGIN");
        superuser.execute("REVOKE CONNECT ON DATABASE " + service + " FROM " + reader);

        assertThatThrownBy(() -> as(reader, service).execute("SELECT 1"))
                .hasStackTraceContaining("User does not have CONNECT privilege");
    }

    /** Not pooled: every statement is a session of its own. */
    private JdbcTemplate as(String role, String database) {
        String parameters = Pattern.compile("&currentSchema=\\w+").matcher(url).replaceFirst("");
        String there =
                parameters.replaceFirst("/postgres\\?", "/" + database + "?").replaceFirst("user=\\w+", "user=" + role);
        return new JdbcTemplate(new DriverManagerDataSource(there, role, ""));
    }

    /** Of a script for psql, with names of this test. */
    private List<String> statements(String script) {
        String sql = Pattern.compile("--.*$|^\\\\.*$", Pattern.MULTILINE)
                .matcher(script)
                .replaceAll("");
        for (String name : List.of("registry", "registration_outbox_reader", "ada")) {
            sql = sql.replaceAll("\\b" + name + "\\b", name + suffix);
        }
        return Arrays.stream(sql.split(";"))
                .map(String::strip)
                .filter(one -> !one.isEmpty())
                .toList();
    }

    private static String blockWith(String document, String statement) throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(Path.of(document)));
        while (block.find()) {
            if (block.group(1).contains(statement)) {
                return block.group(1).stripIndent();
            }
        }
        throw new AssertionError(document + " has no block with " + statement);
    }
}

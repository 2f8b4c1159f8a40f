package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** {@code docs/operators-role.sql}, in a database that was made as {@code docs/deployment.md} says. */
class OperatorsRoleTest {

    private final String database = "registry_" + UUID.randomUUID().toString().replace("-", "");
    private final String role = "reader_" + UUID.randomUUID().toString().replace("-", "");

    @Test
    void the_reading_role_connects_reads_and_changes_nothing() throws IOException {
        JdbcTemplate server = connect(TestDatabase.POSTGRESQL.newUrl(), "postgres");
        server.execute("CREATE DATABASE " + database);
        server.execute("REVOKE CONNECT ON DATABASE " + database + " FROM PUBLIC");
        JdbcTemplate administrator = connect(url(), "postgres");
        Flyway.configure()
                .dataSource(administrator.getDataSource())
                .locations("classpath:db/migration/common", "classpath:db/migration/postgresql")
                .placeholders(Map.of("partitions", "1"))
                .load()
                .migrate();

        administrator.execute(Files.readString(Path.of("docs", "operators-role.sql"))
                .replace("DATABASE registry", "DATABASE " + database)
                .replace("registration_outbox_reader", role));

        JdbcTemplate reader = connect(url(), role);
        assertThat(reader.queryForObject("SELECT pending FROM outbox_status", Long.class))
                .isZero();
        assertThat(reader.queryForObject("SHOW statement_timeout", String.class))
                .isEqualTo("30s");
        assertThatThrownBy(() -> reader.execute("DELETE FROM outbox_message"))
                .hasStackTraceContaining("permission denied");
    }

    private String url() {
        String url = TestDatabase.POSTGRESQL.newUrl();
        return url.substring(0, url.indexOf('?')).replaceFirst("/[^/]*$", "/" + database)
                + "?options=-c%20synchronous_commit=on";
    }

    private static JdbcTemplate connect(String url, String user) {
        return new JdbcTemplate(new DriverManagerDataSource(url, user, ""));
    }
}

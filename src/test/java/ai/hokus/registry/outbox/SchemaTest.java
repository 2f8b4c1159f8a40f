package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The tables' own checks, after the connection that ran the migrations has gone. The pool retires it half an hour after
 * the first start.
 */
class SchemaTest extends EachDatabase {

    private JdbcTemplate jdbc;

    @BeforeEach
    void migrate() {
        dataSource = database.newMigrated(1);
        dataSource.getHikariPoolMXBean().softEvictConnections();
        jdbc = new JdbcTemplate(dataSource);
    }

    @Test
    void a_parked_message_takes_every_resolution_that_there_is_and_no_other() {
        new TestLog(jdbc, 0).parked(1, 1, null);
        for (String resolution : List.of("requeued", "discarded")) {
            assertThat(jdbc.update("UPDATE outbox_parked SET resolution = ?", resolution))
                    .isEqualTo(1);
        }
        assertThat(jdbc.update("UPDATE outbox_parked SET resolution = NULL")).isEqualTo(1);
        assertThatThrownBy(() -> jdbc.update("UPDATE outbox_parked SET resolution = 'undecided'"))
                .isInstanceOf(DataIntegrityViolationException.class);
    }

    @Test
    void an_operation_is_one_of_those_that_there_are_and_has_a_reason() {
        String insert = "INSERT INTO outbox_operation (operation, target, reason, message_count) VALUES (?, 't', ?, 0)";
        for (String operation : List.of(
                "pause", "resume", "release", "requeue", "discard", "resend", "purge", "adopt", "put_back", "other")) {
            assertThat(jdbc.update(insert, operation, "why")).isEqualTo(1);
        }
        assertThatThrownBy(() -> jdbc.update(insert, "guess", "why"))
                .isInstanceOf(DataIntegrityViolationException.class);
        assertThatThrownBy(() -> jdbc.update(insert, "pause", "")).isInstanceOf(DataIntegrityViolationException.class);
    }

    /** Operators and the service's own statements see the same tables and views, whichever database it is. */
    @Test
    void both_databases_have_the_same_tables_columns_comments_and_views() {
        assumeTrue(database == TestDatabase.POSTGRESQL);
        try (HikariDataSource h2 = TestDatabase.H2.newMigrated(1)) {
            JdbcTemplate other = new JdbcTemplate(h2);
            String columns = """
                    SELECT table_name || '.' || column_name || CASE WHEN is_nullable = 'YES' THEN ' NULL' ELSE '' END
                    FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA AND table_name IN
                        (SELECT table_name FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA
                         AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'flyway%')
                    ORDER BY 1
                    """;
            String viewColumns = """
                    SELECT c.table_name || '.' || c.column_name || ' ' || c.ordinal_position
                    FROM information_schema.columns c JOIN information_schema.views v
                        ON v.table_schema = c.table_schema AND v.table_name = c.table_name
                    WHERE c.table_schema = CURRENT_SCHEMA ORDER BY 1
                    """;

            assertThat(jdbc.queryForList(columns, String.class))
                    .hasSizeGreaterThan(100)
                    .isEqualTo(other.queryForList(columns, String.class));
            assertThat(jdbc.queryForList(viewColumns, String.class))
                    .hasSizeGreaterThan(80)
                    .isEqualTo(other.queryForList(viewColumns, String.class));
            assertThat(jdbc.queryForObject("""
                    SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
                    WHERE adrelid = 'outbox_message'::regclass AND pg_get_expr(adbin, adrelid) LIKE '%nextval%'
                    """, String.class))
                    .as("the transaction's id first")
                    .containsSubsequence("pg_current_xact_id()", "nextval");
            assertThat(jdbc.queryForList("""
                    SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                    WHERE c.relnamespace = CURRENT_SCHEMA::regnamespace AND c.relkind = 'r' AND a.attnum > 0
                      AND c.relname NOT LIKE 'flyway%' AND col_description(c.oid, a.attnum) IS NULL
                    """, String.class))
                    .as("columns without a comment")
                    .isEmpty();
            assertThat(comments(jdbc, """
                    SELECT c.relname || COALESCE('.' || a.attname, '') AS name, d.description AS text
                    FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
                    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
                    WHERE c.relnamespace = CURRENT_SCHEMA::regnamespace AND c.relkind IN ('r', 'v')
                    """)).hasSizeGreaterThan(60).isEqualTo(comments(other, """
                    SELECT table_name AS name, remarks AS text FROM information_schema.tables
                    WHERE table_schema = CURRENT_SCHEMA AND remarks IS NOT NULL
                    UNION ALL
                    SELECT table_name || '.' || column_name, remarks FROM information_schema.columns
                    WHERE table_schema = CURRENT_SCHEMA AND remarks IS NOT NULL
                    """));
        }
    }

    /** But for the few that tell how one of them is different: of these only that they are there. */
    private static Map<String, String> comments(JdbcTemplate jdbc, String sql) {
        Set<String> different = Set.of("outbox", "outbox_message.id", "shedlock");
        Map<String, String> comments = new TreeMap<>();
        jdbc.query(sql, row -> {
            String name = row.getString("name");
            comments.put(name, different.contains(name) ? "" : row.getString("text"));
        });
        comments.keySet().removeIf(name -> name.startsWith("flyway"));
        return comments;
    }

    /** H2 ties the list to the connection that created the check. */
    @Test
    void no_check_has_an_in_list_on_h2() {
        assumeTrue(database == TestDatabase.H2);
        List<String> checks = jdbc.queryForList("""
                SELECT check_clause FROM information_schema.check_constraints
                WHERE constraint_schema = CURRENT_SCHEMA
                """, String.class);

        assertThat(checks)
                .isNotEmpty()
                .noneMatch(check -> check.toUpperCase(Locale.ROOT).matches("(?s).*\\bIN\\s*\\(.*"));
    }
}

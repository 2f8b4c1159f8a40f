package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The tables' own checks, after the connection that ran the migrations has gone. The pool retires it half an hour after
 * the first start.
 */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class SchemaTest {

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private JdbcTemplate jdbc;

    @BeforeEach
    void migrate() {
        dataSource = database.newMigrated(1);
        dataSource.getHikariPoolMXBean().softEvictConnections();
        jdbc = new JdbcTemplate(dataSource);
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
    }

    @Test
    void a_partition_takes_every_state_that_there_is_and_no_other() {
        for (PartitionState state : PartitionState.values()) {
            assertThat(jdbc.update(
                            "UPDATE outbox_partition SET state = ?",
                            state.name().toLowerCase(Locale.ROOT)))
                    .isEqualTo(1);
        }
        assertThatThrownBy(() -> jdbc.update("UPDATE outbox_partition SET state = 'undecided'"))
                .isInstanceOf(DataIntegrityViolationException.class);
    }

    @Test
    void a_parked_message_takes_every_resolution_that_there_is_and_no_other() {
        jdbc.update("INSERT INTO outbox_parked (id, reason, relay) VALUES (1, 'too large', 'a')");
        for (String resolution : List.of("requeued", "discarded")) {
            assertThat(jdbc.update("UPDATE outbox_parked SET resolution = ?", resolution))
                    .isEqualTo(1);
        }
        assertThat(jdbc.update("UPDATE outbox_parked SET resolution = NULL")).isEqualTo(1);
        assertThatThrownBy(() -> jdbc.update("UPDATE outbox_parked SET resolution = 'undecided'"))
                .isInstanceOf(DataIntegrityViolationException.class);
    }

    /** H2 ties the list to the connection that created the check; PostgreSQL writes IN as {@code = ANY (ARRAY[...])}. */
    @Test
    void no_check_has_an_in_list() {
        List<String> checks = jdbc.queryForList("""
                SELECT check_clause FROM information_schema.check_constraints
                WHERE constraint_schema = CURRENT_SCHEMA
                """, String.class);

        assertThat(checks)
                .isNotEmpty()
                .noneMatch(check -> check.toUpperCase(Locale.ROOT).matches("(?s).*(\\bIN\\s*\\(|ANY\\s*\\().*"));
    }
}

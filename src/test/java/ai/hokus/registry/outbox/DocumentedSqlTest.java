package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Executes the SQL of the documents, block by block, each in a transaction that is rolled back. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class DocumentedSqlTest {

    private static final Path RUNBOOK = Path.of("docs/runbook.md");
    private static final Pattern BLOCK = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);
    private static final UUID PARKED = new UUID(0, 1);

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private TestOutbox outbox;
    private JdbcTemplate jdbc;

    @BeforeEach
    void one_message_parked_two_delivered_one_pending() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        jdbc = outbox.jdbc();
        for (int position = 1; position <= 4; position++) {
            jdbc.update(
                    "INSERT INTO outbox_message"
                            + " (message_id, partition_id, message_key, message_type, payload, position)"
                            + " VALUES (?, 0, 'churn', 't', '{}', ?)",
                    new UUID(0, position),
                    position == 4 ? null : position);
        }
        jdbc.update("UPDATE outbox_partition SET last_position = 3, delivered_position = 3");
        jdbc.update("INSERT INTO outbox_parked (id, reason, relay) SELECT id, 'ERR', 'r' FROM outbox_message"
                + " WHERE position = 1");
        jdbc.update("INSERT INTO outbox_delivery (partition_id, from_position, to_position, delivered_at, relay)"
                + " VALUES (0, 1, 2, CURRENT_TIMESTAMP - INTERVAL '13' HOUR, 'r'), (0, 3, 3, CURRENT_TIMESTAMP, 'r')");
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"README.md", "docs/runbook.md"})
    void every_block_of_sql_can_be_executed(String document) throws IOException {
        List<String> blocks = blocks(Path.of(document));

        assertThat(blocks).isNotEmpty();
        blocks.forEach(block -> run(block, () -> {}));
    }

    @ParameterizedTest
    @CsvSource({
        "pause, running, SELECT state FROM outbox_partition, paused",
        "resume, paused, SELECT state FROM outbox_partition, running",
        "release, diverged, SELECT state FROM outbox_partition, running",
        "requeue, running, SELECT resolution FROM outbox_parked, requeued",
        "requeue, running, SELECT count(*) || ' copy' FROM outbox_message WHERE copy_no = 1, 1 copy",
        "discard, running, SELECT resolution FROM outbox_parked, discarded",
        "resend, running, SELECT count(*) || ' copies' FROM outbox_message WHERE copy_no = 1 AND position IS NULL, 2 copies",
        "purge, running, SELECT 'up to ' || purged_position FROM outbox_partition, up to 2",
        "purge, running, SELECT count(*) || ' left' FROM outbox_message, 3 left",
    })
    void steering_by_sql_does_what_it_says_and_is_on_record(
            String operation, String state, String query, String expected) throws IOException {
        jdbc.update("UPDATE outbox_partition SET state = ?", state);
        String block = blocks(RUNBOOK).stream()
                .filter(text -> text.contains("SELECT '" + operation + "'"))
                .findFirst()
                .orElseThrow();

        run(block, () -> {
            assertThat(jdbc.queryForObject(query, String.class)).isEqualTo(expected);
            assertThat(jdbc.queryForList("SELECT operation || ' ' || reason FROM outbox_operation", String.class))
                    .containsExactly(operation + " WHY");
        });
    }

    @Test
    void requeueing_by_sql_twice_makes_one_copy() throws IOException {
        String block = blocks(RUNBOOK).stream()
                .filter(text -> text.contains("SELECT 'requeue'"))
                .findFirst()
                .orElseThrow();

        run(block + block, () -> {
            assertThat(jdbc.queryForObject(
                            "SELECT count(*) FROM outbox_message WHERE message_id = ?", Long.class, PARKED))
                    .isEqualTo(2);
            assertThat(jdbc.queryForObject("SELECT count(*) FROM outbox_operation", Long.class))
                    .isEqualTo(1);
        });
    }

    private void run(String block, Runnable checks) {
        outbox.transaction().executeWithoutResult(status -> {
            statements(block).forEach(jdbc::execute);
            checks.run();
            status.setRollbackOnly();
        });
    }

    private static List<String> statements(String script) {
        String withoutComments = script.replaceAll("(?m)^--.*$", "");
        return Arrays.stream(withoutComments.split(";"))
                .map(String::strip)
                .filter(sql -> !sql.isEmpty() && !sql.equals("BEGIN") && !sql.equals("COMMIT"))
                .toList();
    }

    private static List<String> blocks(Path document) throws IOException {
        return BLOCK.matcher(Files.readString(document))
                .results()
                .map(match -> match.group(1))
                .toList();
    }
}

package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** Executes the SQL of the documents, block by block, each in a transaction that is rolled back. */
class DocumentedSqlTest extends EachDatabase {

    private static final Path RUNBOOK = Path.of("docs/runbook.md");
    private static final Pattern BLOCK = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);

    private TestOutbox outbox;
    private JdbcTemplate jdbc;

    @BeforeEach
    void one_message_parked_two_delivered_one_pending() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        jdbc = outbox.jdbc();
        TestLog log = new TestLog(jdbc, 0);
        for (int id = 1; id <= 4; id++) {
            log.message(id, "churn");
        }
        jdbc.execute(
                database == TestDatabase.H2
                        ? "ALTER TABLE outbox_message ALTER COLUMN id RESTART WITH 5"
                        : "SELECT setval('outbox_message_id', 4)");
        log.batch(1, 2, 1, 2);
        log.batch(3, 3, 3);
        log.delivery(1, 1, 2);
        log.delivery(2, 3, 3);
        jdbc.update(
                "UPDATE outbox_delivery SET delivered_at = delivered_at - INTERVAL '13' HOUR WHERE delivery_no = 1");
        log.parked(1, 1, null);
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
        "pause, running, SELECT state FROM outbox_status, paused",
        "pause, running, SELECT 'fenced ' || (fenced_halt_id = halt_id) FROM outbox_partition, fenced FALSE",
        "resume, paused, SELECT state FROM outbox_status, running",
        "release, stopped, SELECT state FROM outbox_status, running",
        "release, stopped, SELECT message_count || ' sent again' FROM outbox_operation, 2 sent again",
        "requeue, running, SELECT resolution FROM outbox_parked, requeued",
        "requeue, running, SELECT count(*) || ' copy' FROM outbox_message WHERE copy_no = 1, 1 copy",
        "discard, running, SELECT resolution FROM outbox_parked, discarded",
        "resend, running, SELECT count(*) || ' copies' FROM outbox_unclaimed WHERE copy_no = 1, 2 copies",
        "purge, running, SELECT 'up to ' || purged_position FROM outbox_partition, up to 2",
        "purge, running, SELECT count(*) || ' left' FROM outbox_message, 3 left",
        "purge, running, SELECT count(*) || ' batch' FROM outbox_batch, 1 batch",
    })
    void an_action_by_sql_does_what_it_says_and_is_on_record(
            String operation, String state, String query, String expected) throws IOException {
        jdbc.update(
                "UPDATE outbox_partition SET paused = ?, stopped_at = CASE WHEN ? THEN CURRENT_TIMESTAMP END,"
                        + " stopped_known_position = 1, halt_id = DEFAULT",
                state.equals("paused"),
                state.equals("stopped"));
        String block = block(operation);

        run(block, () -> {
            assertThat(jdbc.queryForObject(query, String.class)).isEqualToIgnoringCase(expected);
            assertThat(jdbc.queryForList("SELECT operation || ' ' || reason FROM outbox_operation", String.class))
                    .containsExactly(operation + " WHY");
        });
    }

    /** What is done by SQL is what is done over HTTP: asked for again, it finds nothing to do. */
    @ParameterizedTest
    @ValueSource(strings = {"pause", "requeue", "discard"})
    void an_action_by_sql_twice_is_done_and_recorded_once(String operation) throws IOException {
        String block = block(operation);

        run(
                block + block,
                () -> assertThat(jdbc.queryForObject("SELECT count(*) FROM outbox_operation", Long.class))
                        .isEqualTo(1));
    }

    private static String block(String operation) throws IOException {
        return blocks(RUNBOOK).stream()
                .filter(text -> text.contains("SELECT '" + operation + "'"))
                .findFirst()
                .orElseThrow();
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

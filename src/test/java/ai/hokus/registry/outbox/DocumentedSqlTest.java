package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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

    /** What a rewind made void counts neither as delivered long ago nor, once the rewind's own row is gone, ever again. */
    @Test
    void a_purge_by_sql_after_a_rewind_deletes_what_the_service_would() throws IOException {
        TestLog log = logWithRewind();
        log.delivery(5, 3, 3);
        log.delivery(6, 4, 5);
        jdbc.update(
                "UPDATE outbox_delivery SET delivered_at = CURRENT_TIMESTAMP - INTERVAL '20' HOUR WHERE delivery_no < 4");
        jdbc.update(
                "UPDATE outbox_delivery SET delivered_at = CURRENT_TIMESTAMP - INTERVAL '13' HOUR WHERE delivery_no IN (4, 5)");
        jdbc.update("UPDATE outbox_rewind SET rewound_at = CURRENT_TIMESTAMP - INTERVAL '13' HOUR");
        List<List<Object>> bySql = new ArrayList<>();
        run(block("purge"), () -> bySql.addAll(retained()));

        outbox.purge().purge(List.of(0), Duration.ofHours(12), 5000, Duration.ofSeconds(10));

        assertThat(bySql).isEqualTo(retained());
        assertThat(retained().get(0)).containsExactly(3L);
    }

    /** Delivered, then the clock stepped back, then a rewind: what it took back was delivered after 10 hours, with a later time. */
    @Test
    void when_the_clock_stepped_back_before_a_rewind_what_it_took_back_is_retained_from_its_delivery()
            throws IOException {
        TestLog log = logWithRewind();
        log.delivery(5, 3, 5);
        jdbc.update("UPDATE outbox_delivery SET delivered_at = CURRENT_TIMESTAMP"
                + " - CASE delivery_no WHEN 5 THEN INTERVAL '170' MINUTE WHEN 4 THEN INTERVAL '730' MINUTE"
                + " ELSE INTERVAL '721' MINUTE END");
        jdbc.update("UPDATE outbox_rewind SET rewound_at = CURRENT_TIMESTAMP - INTERVAL '730' MINUTE");
        List<List<Object>> bySql = new ArrayList<>();
        run(block("purge"), () -> bySql.addAll(retained()));

        assertThat(outbox.purge().purgeable(List.of(0), Duration.ofHours(12))).isEqualTo(1);
        outbox.purge().purge(List.of(0), Duration.ofHours(12), 5000, Duration.ofSeconds(10));

        assertThat(bySql).isEqualTo(retained());
        assertThat(retained().get(0)).containsExactly(2L);
    }

    /** Positions 3 to 5 were taken back, and are to be delivered again. */
    private TestLog logWithRewind() {
        TestLog log = new TestLog(jdbc, 0);
        log.message(5, "churn");
        log.batch(4, 4, 4);
        log.batch(5, 5, 5);
        log.delivery(3, 4, 5);
        log.rewind(4, 5, 2);
        return log;
    }

    private List<List<Object>> retained() {
        return Stream.of(
                        "SELECT purged_position FROM outbox_partition",
                        "SELECT id FROM outbox_message ORDER BY id",
                        "SELECT first_position FROM outbox_batch ORDER BY first_position",
                        "SELECT delivery_no FROM outbox_delivery ORDER BY delivery_no")
                .map(sql -> jdbc.queryForList(sql, Object.class))
                .toList();
    }

    @Test
    void of_a_message_parked_twice_one_copy_is_made_by_sql() throws IOException {
        copyOfMessage1();
        new TestLog(jdbc, 0).parked(5, 4, null);

        run(block("requeue"), () -> {
            assertThat(jdbc.queryForList(
                            "SELECT copy_no FROM outbox_message WHERE message_id = ? ORDER BY copy_no",
                            Integer.class,
                            new UUID(0, 1)))
                    .containsExactly(0, 1, 2);
            assertThat(jdbc.queryForList("SELECT resolution FROM outbox_parked", String.class))
                    .containsExactly("requeued", "requeued");
            assertThat(jdbc.queryForList("SELECT message_count FROM outbox_operation", Long.class))
                    .containsExactly(1L);
        });
    }

    @Test
    void what_was_delivered_as_a_copy_is_sent_again_by_sql() throws IOException {
        copyOfMessage1();

        run(
                block("resend")
                        .replace("2 - 4999 AND 3", "4 - 4999 AND 4")
                        .replace("BETWEEN 2 AND 3", "BETWEEN 4 AND 4"),
                () -> {
                    assertThat(jdbc.queryForList(
                                    "SELECT message_id FROM outbox_unclaimed WHERE copy_no = 2", UUID.class))
                            .containsExactly(new UUID(0, 1));
                    assertThat(jdbc.queryForList("SELECT message_count FROM outbox_operation", Long.class))
                            .containsExactly(1L);
                });
    }

    /** A registration that was under way then has an earlier registered_at, and may have a lower id than one that had committed. */
    @Test
    void what_a_restore_to_a_point_in_time_loses_is_listed() throws IOException {
        outbox.appendRegistered("churn", "under way");
        jdbc.update("UPDATE registration SET id = 1234560,"
                + " registered_at = TIMESTAMP WITH TIME ZONE '2026-11-25 09:54:59+00'");
        String block = blocks(RUNBOOK).stream()
                .filter(text -> text.contains("user_id, registered_at FROM registration"))
                .findFirst()
                .orElseThrow();

        assertThat(jdbc.query(statements(block).get(0), (row, number) -> row.getString("version")))
                .containsExactly("under way");
    }

    /** At position 4. */
    private void copyOfMessage1() {
        jdbc.update(
                "INSERT INTO outbox_message (id, message_id, copy_no, partition_id, message_key, message_type, payload)"
                        + " SELECT 5, message_id, 1, partition_id, message_key, message_type, payload FROM outbox_message WHERE id = 1");
        jdbc.execute(
                database == TestDatabase.H2
                        ? "ALTER TABLE outbox_message ALTER COLUMN id RESTART WITH 6"
                        : "SELECT setval('outbox_message_id', 5)");
        TestLog log = new TestLog(jdbc, 0);
        log.batch(4, 5, 5);
        log.delivery(3, 4, 4);
    }

    private static String block(String operation) throws IOException {
        return blocks(RUNBOOK).stream()
                .filter(text -> text.matches("(?s).*SELECT (DISTINCT )?'" + operation + "'.*"))
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

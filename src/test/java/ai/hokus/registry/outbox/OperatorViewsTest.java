package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.KeptPlans;
import ai.hokus.registry.support.TestDatabase;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;

/** What operators' SQL shows, and what it reads on tables full of delivered messages. */
class OperatorViewsTest extends EachDatabase {

    private static final int BATCH = 100;
    private static final int DELIVERED = 200_000;
    private static final int PENDING = 1_000;

    /** A view may look through one batch of the largest size, and the 10,000 ids below the highest claimed one. */
    private static final long MAX_ROWS_READ = 3 * PENDING + 10_000;

    private static final List<String> QUERIES = List.of(
            "SELECT * FROM outbox_status",
            "SELECT * FROM outbox_pending_messages",
            "SELECT * FROM outbox_pending_messages WHERE partition_id = 0 ORDER BY id LIMIT 20",
            "SELECT model, sum(pending) FROM outbox_backlog GROUP BY model",
            "SELECT * FROM outbox_unclaimed WHERE partition_id = 0",
            "SELECT * FROM outbox_parked_messages",
            "SELECT * FROM outbox_throughput",
            "SELECT * FROM outbox_message_history WHERE message_id = '00000000-0000-0000-0000-000000000001'",
            "SELECT * FROM outbox_delivered_messages WHERE partition_id = 0"
                    + " AND first_position BETWEEN 100000 - 4999 AND 100050 AND position BETWEEN 100000 AND 100050");

    private static final Pattern H2_SCAN_COUNT = Pattern.compile("scanCount: (\\d+)");

    private JdbcTemplate jdbc;
    private TestLog log;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(2);
        jdbc = new JdbcTemplate(dataSource);
        log = new TestLog(jdbc, 0);
    }

    @Test
    void every_message_is_in_the_view_of_its_state() {
        fillSmall();

        assertThat(texts("SELECT model || '@' || COALESCE(position, 0) FROM outbox_pending_messages ORDER BY id"))
                .containsExactly("lost-again@5", "new@0");
        assertThat(texts("SELECT model || ':' || reason FROM outbox_parked_messages"))
                .containsExactly("too-large:ERR too large");
        assertThat(texts("SELECT model FROM outbox_delivered_messages WHERE delivered_at IS NOT NULL ORDER BY id"))
                .containsExactly("first", "second");
        assertThat(texts("SELECT model || ':' || state FROM outbox_message_history ORDER BY id"))
                .containsExactly(
                        "first:delivered",
                        "second:delivered",
                        "too-large:parked",
                        "unwanted:discarded",
                        "lost-again:pending",
                        "new:pending");
        assertThat(texts("SELECT pending || ' ' || parked FROM outbox_status WHERE partition_id = 0"))
                .containsExactly("2 1");
    }

    @Test
    void after_a_rewind_what_an_operator_discarded_is_not_pending_again_and_what_is_parked_is() {
        fillSmall();
        log.rewind(4, 4, 0);

        assertThat(texts("SELECT model FROM outbox_pending_messages ORDER BY id"))
                .containsExactly("first", "second", "too-large", "lost-again", "new");
        assertThat(texts("SELECT pending || ' ' || parked FROM outbox_status WHERE partition_id = 0"))
                .containsExactly("5 0");
        assertThat(texts("SELECT model FROM outbox_parked_messages")).isEmpty();
    }

    @Test
    void a_message_that_was_delivered_again_after_a_rewind_has_the_time_of_its_last_delivery() {
        log.message(1, "m");
        log.message(2, "m");
        log.batch(1, 0, 1, 2);
        log.delivery(1, 1, 1);
        log.delivery(2, 2, 2);
        log.rewind(3, 2, 1);
        log.delivery(4, 2, 2);
        for (int number = 1; number <= 4; number++) {
            jdbc.update(
                    "UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 0" + number
                            + ":00:00+00' WHERE delivery_no = ?",
                    number);
        }

        String hour = "SELECT position || ' at ' || EXTRACT(HOUR FROM delivered_at AT TIME ZONE 'UTC') FROM ";
        assertThat(texts(hour + "outbox_delivered_messages ORDER BY position")).containsExactly("1 at 1", "2 at 4");
        assertThat(texts(hour + "outbox_message_history ORDER BY id")).containsExactly("1 at 1", "2 at 4");
    }

    @Test
    void a_message_that_a_scan_overtook_is_unclaimed_and_pending_until_a_batch_has_it() {
        assumeTrue(database == TestDatabase.POSTGRESQL, "on H2 ids follow commits: nothing is overtaken");
        for (long id = 1; id <= 5; id++) {
            log.message(id, "m");
        }
        log.batch(1, 0, 1, 2, 4);

        assertThat(texts("SELECT CAST(id AS VARCHAR) FROM outbox_unclaimed ORDER BY id"))
                .containsExactly("3", "5");
        assertThat(number("SELECT pending FROM outbox_status WHERE partition_id = 0"))
                .isEqualTo(5);
        log.batch(4, 4, 3, 5);
        assertThat(texts("SELECT CAST(id AS VARCHAR) FROM outbox_unclaimed")).isEmpty();
        assertThat(number("SELECT pending FROM outbox_status WHERE partition_id = 0"))
                .isEqualTo(5);
    }

    @Test
    void a_parked_message_outlives_its_batch() {
        fillSmall();
        jdbc.update("DELETE FROM outbox_batch WHERE first_position = 1");
        jdbc.update("DELETE FROM outbox_message WHERE id <= 2");
        jdbc.update("UPDATE outbox_partition SET purged_position = 3 WHERE partition_id = 0");

        assertThat(texts("SELECT model FROM outbox_parked_messages")).containsExactly("too-large");
        assertThat(texts("SELECT state || ' ' || position FROM outbox_message_history WHERE id = 3"))
                .containsExactly("parked 3");
        assertThat(texts("SELECT model FROM outbox_unclaimed WHERE id = 3")).isEmpty();
    }

    @Test
    void partitions_do_not_mix() {
        fillSmall();
        TestLog other = new TestLog(jdbc, 1);
        other.message(7, "other");
        other.message(8, "other");
        other.batch(1, 7, 7);

        assertThat(
                        texts(
                                "SELECT partition_id || ' ' || pending || ' ' || last_position FROM outbox_status ORDER BY partition_id"))
                .containsExactly("0 2 5", "1 2 1");
        assertThat(texts("SELECT CAST(id AS VARCHAR) FROM outbox_pending_messages WHERE partition_id = 1 ORDER BY id"))
                .containsExactly("7", "8");
        assertThat(texts("SELECT CAST(id AS VARCHAR) FROM outbox_pending_messages WHERE partition_id = 0 ORDER BY id"))
                .containsExactly("5", "6");
    }

    @Test
    void the_status_shows_the_instance_that_relays_and_not_the_one_that_reported_last() {
        List<String> reportedInTurn = List.of("delivering", "not_relaying", "standing_by", "shut_down");
        for (int n = 0; n < reportedInTurn.size(); n++) {
            jdbc.update(
                    "INSERT INTO outbox_relay (partition_id, instance, state, breaker_state, reported_at)"
                            + " VALUES (0, ?, ?, 'closed', ?)",
                    "instance " + n,
                    reportedInTurn.get(n),
                    OffsetDateTime.now().minusMinutes(reportedInTurn.size() - n));
        }

        for (String shown : reportedInTurn) {
            assertThat(jdbc.queryForObject(
                            "SELECT relay_state FROM outbox_status WHERE partition_id = 0", String.class))
                    .isEqualTo(shown);
            jdbc.update("DELETE FROM outbox_relay WHERE state = ?", shown);
        }
    }

    @Test
    void the_backlog_counts_by_model_and_minute() {
        fillSmall();
        new TestLog(jdbc, 1).message(7, "new");
        jdbc.update("UPDATE outbox_message SET created_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:07+00'");

        assertThat(texts("SELECT partition_id || ' ' || model || ' ' || pending FROM outbox_backlog"
                        + " WHERE minute_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:00+00'"
                        + " ORDER BY partition_id, model"))
                .containsExactly("0 lost-again 1", "0 new 1", "1 new 1");
    }

    @Test
    void throughput_and_rewinds_count_messages() {
        fillSmall();

        assertThat(number("SELECT sum(delivered) FROM outbox_throughput")).isEqualTo(7);
        assertThat(number("SELECT sum(acknowledgements) FROM outbox_throughput"))
                .as("a rewind is one too")
                .isEqualTo(3);
        assertThat(texts("SELECT message_count || ' ' || reason FROM outbox_rewinds"))
                .containsExactly("3 fell back");
    }

    @Test
    void what_was_delivered_long_ago_is_in_no_throughput() {
        fillSmall();
        jdbc.update("UPDATE outbox_delivery SET delivered_at = delivered_at - INTERVAL '25' HOUR");

        assertThat(texts("SELECT 'row' FROM outbox_throughput")).isEmpty();
    }

    @Test
    void throughput_is_counted_minute_by_minute() {
        log.delivery(1, 1, 10);
        log.delivery(2, 11, 30);
        log.delivery(3, 31, 60);
        jdbc.update("UPDATE outbox_delivery SET delivered_at = DATE_TRUNC('minute', CURRENT_TIMESTAMP)"
                + " - CASE WHEN delivery_no < 3 THEN INTERVAL '10' MINUTE ELSE INTERVAL '5' MINUTE END");

        assertThat(texts("SELECT delivered || ' in ' || acknowledgements FROM outbox_throughput ORDER BY minute_at"))
                .containsExactly("30 in 2", "30 in 1");
    }

    /** 10 minutes ago the clock stepped back by 5, so minutes 10 to 15 ago were there twice. */
    @Test
    void when_the_clock_steps_back_nothing_counts_twice_or_never() {
        log.delivery(1, 1, 10);
        log.delivery(2, 11, 30);
        log.delivery(3, 31, 60);
        log.rewind(4, 60, 40);
        log.delivery(5, 41, 50);
        log.delivery(6, 51, 100);
        deliveredSecondsAgo(1_210, 830, 610, 895, 845, 310);

        assertThat(number("SELECT sum(delivered) FROM outbox_throughput")).isEqualTo(120);
        assertThat(number("SELECT sum(acknowledgements) FROM outbox_throughput"))
                .isEqualTo(6);
        assertThat(number("SELECT min(delivered) FROM outbox_throughput")).isPositive();
    }

    @Test
    void what_was_written_before_the_clock_stepped_back_has_no_negative_age() {
        assertThat(texts("SELECT 'age' FROM outbox_status WHERE oldest_pending_age_ms IS NOT NULL"))
                .isEmpty();
        log.message(1, "m");
        jdbc.update("UPDATE outbox_message SET created_at = created_at + INTERVAL '5' MINUTE");

        assertThat(texts("SELECT oldest_pending_age_ms || ' ms' FROM outbox_status WHERE partition_id = 0"))
                .containsExactly("0 ms");
    }

    /** The acknowledgements in their order, before the beginning of this minute; rewinds too. */
    private void deliveredSecondsAgo(long... seconds) {
        for (int n = 0; n < seconds.length; n++) {
            String at = "DATE_TRUNC('minute', CURRENT_TIMESTAMP) - " + seconds[n] + " * INTERVAL '1' SECOND";
            jdbc.update("UPDATE outbox_delivery SET delivered_at = " + at + " WHERE delivery_no = " + (n + 1));
            jdbc.update("UPDATE outbox_rewind SET rewound_at = " + at + " WHERE delivery_no = " + (n + 1));
        }
    }

    @Test
    void more_than_a_hundred_thousand_pending_messages_are_estimated_and_said_to_be() {
        log.fill(database, BATCH, BATCH, BATCH, 100_001);

        assertThat(texts("SELECT CASE WHEN pending_is_estimate THEN 'about ' ELSE '' END || pending"
                        + " FROM outbox_status WHERE partition_id = 0"))
                .containsExactly("about 100100");
        assertThat(number("SELECT count(*) FROM outbox_unclaimed")).isEqualTo(100_000);
        jdbc.update("DELETE FROM outbox_message WHERE id = (SELECT max(id) FROM outbox_message)");
        assertThat(texts("SELECT CASE WHEN pending_is_estimate THEN 'about ' ELSE '' END || pending"
                        + " FROM outbox_status WHERE partition_id = 0"))
                .containsExactly("100100");
    }

    /** What a view reads does not grow with what was delivered: counted by the database itself. */
    @Test
    void no_view_reads_what_was_delivered() throws Exception {
        log.fill(database, BATCH, DELIVERED, PENDING / 2, PENDING / 2);
        jdbc.update("UPDATE outbox_message SET message_id = ? WHERE id = 77777", new UUID(0, 1));

        SoftAssertions each = new SoftAssertions();
        for (String query : QUERIES) {
            each.assertThat(rowsRead(query)).as(query).isLessThan(MAX_ROWS_READ);
        }
        each.assertAll();
    }

    private long rowsRead(String query) throws Exception {
        return database == TestDatabase.H2 ? rowsScannedByH2(query) : rowsReadByPostgresql(query);
    }

    private long rowsScannedByH2(String query) {
        String plan = String.join("\n", jdbc.queryForList("EXPLAIN ANALYZE " + query, String.class));
        assertThat(plan).doesNotContain("outbox_message.tableScan").doesNotContain("outbox_batch.tableScan");
        return H2_SCAN_COUNT
                .matcher(plan)
                .results()
                .mapToLong(match -> Long.parseLong(match.group(1)))
                .max()
                .orElse(0);
    }

    /** The larger number: that of an operator's session, and that of the service's, which has other settings. */
    private long rowsReadByPostgresql(String query) throws Exception {
        try (var connection = dataSource.getConnection()) {
            long byOperator = rowsReadByPostgresql(query, new JdbcTemplate(KeptPlans.on(connection)));
            JdbcTemplate service = new JdbcTemplate(KeptPlans.ofService(connection));
            service.execute("DISCARD PLANS");
            return Math.max(byOperator, rowsReadByPostgresql(query, service));
        }
    }

    private static long rowsReadByPostgresql(String query, JdbcTemplate session) {
        long before = KeptPlans.rowsRead(session);
        session.queryForList(query);
        return KeptPlans.rowsRead(session) - before;
    }

    private List<String> texts(String sql) {
        return jdbc.queryForList(sql, String.class);
    }

    private long number(String sql) {
        return jdbc.queryForObject(sql, Long.class);
    }

    /** Partition 0: two delivered, one parked, one discarded, one that Redis lost, one new. */
    private void fillSmall() {
        String[] models = {"first", "second", "too-large", "unwanted", "lost-again", "new"};
        for (int n = 0; n < models.length; n++) {
            log.message(n + 1L, models[n]);
        }
        log.batch(1, 3, 1, 2, 3);
        log.batch(4, 5, 4, 5);
        log.delivery(1, 1, 2);
        log.delivery(2, 3, 5);
        log.rewind(3, 5, 4);
        jdbc.update("UPDATE outbox_rewind SET from_position = 7"); // as a restored database has it
        log.parked(3, 3, null);
        log.parked(4, 4, "discarded");
        log.parked(5, 5, null);
    }
}

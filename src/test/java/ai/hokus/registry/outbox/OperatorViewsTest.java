package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;

/** What operators' SQL shows, and what it costs on a table full of delivered messages. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class OperatorViewsTest {

    private static final int DELIVERED = 200_000;

    /** H2's words for an index on positions that is walked from its beginning. */
    private static final Pattern WALK_OF_ALL_DELIVERED =
            Pattern.compile("outbox_message_position_index_\\w+: position <= ");

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private JdbcTemplate jdbc;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(2);
        jdbc = new JdbcTemplate(dataSource);
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
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
    }

    @Test
    void the_backlog_counts_by_model_and_minute() {
        fillSmall();
        insert(7, 1, "new", null);
        jdbc.update("UPDATE outbox_message SET created_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:07+00'");

        assertThat(texts("SELECT partition_id || ' ' || model || ' ' || pending FROM outbox_backlog"
                        + " WHERE minute_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:00+00'"
                        + " ORDER BY partition_id, model"))
                .containsExactly("0 lost-again 1", "0 new 1", "1 new 1");
    }

    @Test
    void throughput_and_rewinds_count_messages() {
        fillSmall();

        assertThat(texts("SELECT delivered || ' in ' || acknowledgements FROM outbox_throughput"))
                .containsExactly("4 in 2");
        assertThat(texts("SELECT messages || ' ' || reason FROM outbox_rewinds"))
                .containsExactly("3 fell back");
    }

    @Test
    void what_was_delivered_long_ago_is_in_no_throughput() {
        fillSmall();
        jdbc.update("UPDATE outbox_delivery SET delivered_at = delivered_at - INTERVAL '25' HOUR");

        assertThat(texts("SELECT 'row' FROM outbox_throughput")).isEmpty();
    }

    /** The line: pending counts cost no full scan, however much was delivered. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT pending, oldest_pending_age_ms FROM outbox_status",
                "SELECT count(*) FROM outbox_pending_messages",
                "SELECT model, sum(pending) FROM outbox_backlog GROUP BY model",
                "SELECT count(*) FROM outbox_parked_messages",
                "SELECT id, model FROM outbox_pending_messages WHERE id > 0 ORDER BY id LIMIT 50",
                "SELECT * FROM outbox_message_history WHERE message_id = '00000000-0000-0000-0000-000000000001'",
            })
    void no_view_of_what_is_pending_scans_the_delivered(String query) {
        fillLarge();

        String plan = String.join("\n", jdbc.queryForList("EXPLAIN " + query, String.class));
        assertThat(plan).contains("outbox_");

        assertThat(plan.toLowerCase(Locale.ROOT))
                .doesNotContain("seq scan on outbox_message")
                .doesNotContain("outbox_message.tablescan")
                .doesNotContainPattern(WALK_OF_ALL_DELIVERED);
    }

    private List<String> texts(String sql) {
        return jdbc.queryForList(sql, String.class);
    }

    /** Partition 0: two delivered, one parked, one discarded, one that Redis lost, one new. */
    private void fillSmall() {
        String[] models = {"first", "second", "too-large", "unwanted", "lost-again"};
        for (int n = 0; n < models.length; n++) {
            insert(n + 1L, 0, models[n], n + 1L);
        }
        insert(models.length + 1L, 0, "new", null);
        jdbc.update("UPDATE outbox_partition SET last_position = 5, delivered_position = 4 WHERE partition_id = 0");
        jdbc.update("INSERT INTO outbox_delivery (partition_id, from_position, to_position, relay)"
                + " VALUES (0, 1, 2, 'r'), (0, 3, 4, 'r')");
        jdbc.update("INSERT INTO outbox_parked (id, reason, relay, resolution, resolved_at)"
                + " VALUES (3, 'ERR too large', 'r', NULL, NULL), (4, 'ERR', 'r', 'discarded', CURRENT_TIMESTAMP),"
                + " (5, 'ERR tried again', 'r', NULL, NULL)");
        jdbc.update("INSERT INTO outbox_rewind (partition_id, from_position, to_position, reason, relay)"
                + " VALUES (0, 7, 4, 'fell back', 'r')");
    }

    private void insert(long id, int partition, String model, Long position) {
        jdbc.update(
                "INSERT INTO outbox_message (id, message_id, partition_id, message_key, message_type, payload, position)"
                        + " VALUES (?, ?, ?, ?, 't', '{}', ?)",
                id,
                UUID.randomUUID(),
                partition,
                model,
                position);
    }

    private void fillLarge() {
        String series = database == TestDatabase.H2
                ? "SYSTEM_RANGE(1, " + DELIVERED + ") AS s (n)"
                : "generate_series(1, " + DELIVERED + ") AS s (n)";
        String uuid = database == TestDatabase.H2 ? "RANDOM_UUID()" : "gen_random_uuid()";
        jdbc.update(
                "INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload, position)"
                        + " SELECT " + uuid
                        + ", 0, 'model-' || (n % 100), 't', '{\"a\":\"0123456789012345678901234567890\"}', n"
                        + " FROM " + series);
        jdbc.update("INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)"
                + " SELECT " + uuid + ", 0, 'model-' || (n % 100), 't', '{}' FROM " + series + " WHERE n <= 100");
        jdbc.update(
                "UPDATE outbox_partition SET last_position = ?, delivered_position = ? WHERE partition_id = 0",
                DELIVERED,
                DELIVERED - 50);
        jdbc.execute(database == TestDatabase.H2 ? "ANALYZE" : "ANALYZE outbox_message");
    }
}

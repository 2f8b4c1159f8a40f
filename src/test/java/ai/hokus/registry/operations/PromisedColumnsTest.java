package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.operations.MessageListing.State;
import ai.hokus.registry.outbox.TestLog;
import ai.hokus.registry.support.EachDatabase;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The endpoints return the columns of the views that operators may rely on in SQL. */
class PromisedColumnsTest extends EachDatabase {

    private JdbcTemplate jdbc;
    private OutboxQueries queries;
    private MessageListing listing;

    /** 1 is delivered, 2 is parked, 3 is claimed, 4 is not. */
    @BeforeEach
    void fill() {
        dataSource = database.newMigrated(2);
        jdbc = new JdbcTemplate(dataSource);
        queries = new OutboxQueries(JdbcClient.create(jdbc));
        listing = new MessageListing(JdbcClient.create(jdbc));
        TestLog log = new TestLog(jdbc, 0);
        for (int n = 1; n <= 4; n++) {
            log.message(n, "model");
        }
        log.batch(1, 3, 1, 2, 3);
        log.delivery(1, 1, 2);
        log.parked(2, 2, null);
    }

    @Test
    void pages_of_messages_have_the_columns_of_their_views_and_version_and_token() {
        assertThat(columns(listing.list(State.PENDING, null, null, 10).messages()))
                .isEqualTo(columnsOf("outbox_pending_messages", "version", "token_id"));
        assertThat(columns(listing.list(State.PARKED, null, null, 10).messages()))
                .isEqualTo(columnsOf("outbox_parked_messages", "version", "token_id"));
        Set<String> delivered = columnsOf("outbox_delivered_messages", "version", "token_id");
        delivered.removeAll(Set.of("first_position", "last_position")); // the batch's, for conditions
        assertThat(columns(listing.list(State.DELIVERED, null, null, 10).messages()))
                .isEqualTo(delivered);
    }

    @Test
    void one_message_and_what_a_search_finds_have_the_columns_of_the_history() {
        jdbc.update("INSERT INTO model (name) VALUES ('model')");
        jdbc.update("""
                INSERT INTO registration (model_name, version, token_id, proposal_identifier, metric_name, baseline_value,
                                          current_value, mlflow_run_id, tags, user_id, fingerprint, message_id)
                VALUES ('model', '1', 'T', 'P', 'f1', 0.5, 0.5, 'run', '{}', 'ada', ?, ?)
                """, "0".repeat(64), new UUID(0, 1));
        Set<String> found = columnsOf("outbox_message_history", "version", "token_id", "registered_at");

        assertThat(columns(queries.history(new UUID(0, 1)))).isEqualTo(columnsOf("outbox_message_history", "payload"));
        assertThat(columns(queries.registered("model", null, null))).isEqualTo(found);
        assertThat(columns(queries.registered(null, "1", null))).isEqualTo(found);
    }

    @Test
    void the_backlog_has_columns_of_its_view() {
        assertThat(columns(queries.backlogByModel()))
                .isSubsetOf(columnsOf("outbox_backlog"))
                .contains("model", "pending", "oldest_pending_at");
        assertThat(columns(queries.backlogByMinute()))
                .isSubsetOf(columnsOf("outbox_backlog"))
                .contains("minute_at", "pending");
    }

    /** All rows have the same ones, and there are rows. */
    private static Set<String> columns(List<Map<String, @Nullable Object>> rows) {
        assertThat(rows).isNotEmpty();
        Set<String> columns = rows.get(0).keySet();
        assertThat(rows).allSatisfy(row -> assertThat(row.keySet()).isEqualTo(columns));
        return columns;
    }

    private Set<String> columnsOf(String view, String... more) {
        Set<String> columns = new HashSet<>(jdbc.queryForList(
                "SELECT LOWER(column_name) FROM information_schema.columns WHERE LOWER(table_name) = ?",
                String.class,
                view));
        assertThat(columns).as(view).isNotEmpty();
        columns.addAll(List.of(more));
        return columns;
    }
}

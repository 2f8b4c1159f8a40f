package ai.hokus.registry.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.registry.operations.MessageListing.Page;
import ai.hokus.registry.operations.MessageListing.State;
import ai.hokus.registry.outbox.TestLog;
import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.KeptPlans;
import ai.hokus.registry.support.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Pages of messages: every message once, in order, and each page cheap. */
class MessageListingTest extends EachDatabase {

    private JdbcTemplate jdbc;
    private TestLog log;
    private MessageListing listing;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(2);
        jdbc = new JdbcTemplate(dataSource);
        log = new TestLog(jdbc, 0);
        listing = new MessageListing(JdbcClient.create(jdbc));
    }

    @Test
    void pending_messages_come_by_position_and_then_by_id_partition_by_partition() {
        fill(log, 1, 10);
        log.batch(1, 6, 1, 2, 4);
        log.batch(4, 6, 6, 5, 3);
        log.delivery(1, 1, 2);
        fill(new TestLog(jdbc, 1), 11, 12);

        assertThat(pages(State.PENDING, null, 3)).containsExactly(4L, 6L, 5L, 3L, 7L, 8L, 9L, 10L, 11L, 12L);
        assertThat(pages(State.PENDING, null, 1)).containsExactly(4L, 6L, 5L, 3L, 7L, 8L, 9L, 10L, 11L, 12L);
    }

    @Test
    void a_page_names_version_and_token_however_long_the_payload_is() {
        fill(log, 1, 2);
        jdbc.update("UPDATE outbox_message SET payload = ? WHERE id = 2", """
                {"model_id":"models:/\\"m\\"","token_symbol":"T","tags":{"model_version":"none"},"model_version":"7","api_schema":"%s"}
                """.formatted("x".repeat(10_000)));

        assertThat(listing.list(State.PENDING, null, null, 10).messages())
                .extracting(row -> row.get("version"), row -> row.get("token_id"))
                .containsExactly(tuple(null, null), tuple("7", "T"));
    }

    @Test
    void a_message_that_a_scan_overtook_comes_between_the_claimed_and_the_new_ones() {
        assumeTrue(database == TestDatabase.POSTGRESQL, "on H2 ids follow commits: nothing is overtaken");
        fill(log, 1, 6);
        log.batch(1, 0, 1, 2, 4);

        assertThat(pages(State.PENDING, null, 2)).containsExactly(1L, 2L, 4L, 3L, 5L, 6L);
    }

    @Test
    void what_was_delivered_since_the_page_before_is_left_out_and_nothing_else() {
        fill(log, 1, 5);
        log.batch(1, 5, 1, 2, 3, 4, 5);
        Page first = listing.list(State.PENDING, null, null, 2);

        log.delivery(1, 1, 3);

        assertThat(ids(listing.list(State.PENDING, null, first.next(), 10))).containsExactly(4L, 5L);
    }

    @Test
    void delivered_messages_come_the_newest_first_without_what_was_parked() {
        fill(log, 1, 9);
        log.batch(1, 9, 1, 2, 3);
        log.batch(4, 9, 5, 4, 6);
        log.batch(7, 9, 7, 8, 9);
        log.delivery(1, 1, 8);
        log.parked(2, 2, null);

        assertThat(pages(State.DELIVERED, null, 3)).containsExactly(8L, 7L, 6L, 4L, 5L, 3L, 1L);
        assertThat(pages(State.PARKED, null, 3)).containsExactly(2L);
        assertThat(listing.list(State.DELIVERED, null, 12345L, 3).messages())
                .as("after what was purged comes nothing")
                .isEmpty();
    }

    @Test
    void a_model_is_looked_for_in_pages_that_end_somewhere() {
        log.fill(database, 100, 1_000, 1_000, 12_000); // models 0 to 99 in turn
        List<Long> found = new ArrayList<>();
        int pages = 0;
        Long after = null;
        do {
            Page page = listing.list(State.PENDING, "model-7", after, 50);
            assertThat(page.messages()).hasSizeLessThanOrEqualTo(50);
            found.addAll(ids(page));
            after = page.next();
            pages++;
        } while (after != null && pages < 20);

        assertThat(found).hasSize(130).isSorted().startsWith(1_007L).endsWith(13_907L);
        assertThat(ids(listing.list(State.PENDING, "model-nobody", null, 50))).isEmpty();
        assertThat(listing.list(State.PENDING, "model-nobody", null, 50).next())
                .as("10,000 messages were looked at, and more follow")
                .isEqualTo(11_000L);
    }

    @Test
    void a_page_reads_no_more_than_it_shows_however_much_there_is() throws Exception {
        assumeTrue(database == TestDatabase.POSTGRESQL, "counted by PostgreSQL");
        log.fill(database, 100, 100_000, 10_000, 50_000);
        try (var connection = dataSource.getConnection()) {
            JdbcTemplate one = new JdbcTemplate(KeptPlans.ofService(connection));
            MessageListing counted = new MessageListing(JdbcClient.create(one));
            for (State state : List.of(State.PENDING, State.DELIVERED)) {
                Page first = counted.list(state, null, null, 50);
                long before = KeptPlans.rowsRead(one);
                counted.list(state, null, first.next(), 50);
                counted.list(state, null, null, 50);
                assertThat(KeptPlans.rowsRead(one) - before)
                        .as("two pages of %s: messages, and batches that begin less than 5,000 positions before", state)
                        .isLessThan(1_000);
            }
            long before = KeptPlans.rowsRead(one);
            counted.list(State.PENDING, null, 112_345L, 50);
            assertThat(KeptPlans.rowsRead(one) - before)
                    .as("among what is unclaimed")
                    .isLessThan(1_000);
        }
    }

    private static void fill(TestLog log, long from, long to) {
        for (long id = from; id <= to; id++) {
            log.message(id, "m");
        }
    }

    private List<Long> pages(State state, String model, int limit) {
        List<Long> ids = new ArrayList<>();
        Long after = null;
        do {
            Page page = listing.list(state, model, after, limit);
            ids.addAll(ids(page));
            after = page.next();
        } while (after != null && ids.size() < 100);
        return ids;
    }

    private static List<Long> ids(Page page) {
        return page.messages().stream()
                .map(row -> ((Number) row.get("id")).longValue())
                .toList();
    }
}

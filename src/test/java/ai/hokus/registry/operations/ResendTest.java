package ai.hokus.registry.operations;

import static ai.hokus.registry.operations.TestOperations.DRY_RUN;
import static ai.hokus.registry.operations.TestOperations.keyed;
import static ai.hokus.registry.operations.TestOperations.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.TestClaims;
import ai.hokus.registry.outbox.TestLog;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.support.EachDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.util.unit.DataSize;

/** What is sent again, and how much of it at once. */
class ResendTest extends EachDatabase {

    private TestOutbox outbox;
    private TestClaims relay;
    private Resend resend;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        relay = new TestClaims(outbox, 0);
        resend = TestOperations.on(outbox).resend();
    }

    @Test
    void positions_are_sent_again_as_copies_in_their_old_order() {
        List<UUID> ids = deliver(5, "model");

        Completed sent = (Completed) resend.resend(positions(2L, 4L), keyed("k"));

        assertThat(sent.messages()).isEqualTo(3);
        assertThat(copies(1)).containsExactly(ids.get(1), ids.get(2), ids.get(3));
        assertThat(number("SELECT count(*) FROM outbox_message c JOIN outbox_message m ON m.message_id = c.message_id"
                        + " WHERE m.copy_no = 0 AND c.copy_no = 1 AND c.partition_id = m.partition_id"
                        + " AND c.message_key = m.message_key AND c.message_type = m.message_type"
                        + " AND c.payload = m.payload"))
                .isEqualTo(3);
        assertThat(record(outbox))
                .containsExactly("ada resend partition 0, positions from 2, positions to 4: because (3)");
    }

    @Test
    void a_model_is_sent_again_each_message_once_however_many_copies_were_delivered() {
        List<UUID> churn = deliver(2, "churn");
        deliver(1, "other");
        resend.resend(positions(1L, 1L), keyed("first"));
        relay.deliverPending();

        Completed sent =
                (Completed) resend.resend(new ResendFilter("churn", null, null, null, null, null), keyed("second"));

        assertThat(sent.messages()).isEqualTo(2);
        assertThat(copies(2)).containsExactly(churn.get(0));
        assertThat(copies(1)).containsExactly(churn.get(0), churn.get(1));
    }

    @Test
    void a_model_is_looked_for_in_every_partition_and_found_in_its_own() {
        dataSource.close();
        dataSource = database.newMigrated(2);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        for (int partition = 0; partition < 2; partition++) {
            append(1, TestOutbox.keyOf(partition, 2, 0));
            new TestClaims(outbox, partition).deliverPending();
        }

        ResendFilter second = new ResendFilter(TestOutbox.keyOf(1, 2, 0), null, null, null, null, null);

        assertThat((Completed) TestOperations.on(outbox).resend().resend(second, DRY_RUN))
                .returns(1L, Completed::messages)
                .returns(List.of(1), Completed::partitions);
    }

    @Test
    void a_time_of_delivery_selects_the_acknowledgements_of_that_time() {
        deliver(2, "model");
        outbox.jdbc()
                .update("UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 10:00:00+00'");
        List<UUID> noon = deliver(1, "model");
        outbox.jdbc()
                .update("UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:00+00'"
                        + " WHERE from_position = 3");

        Instant eleven = Instant.parse("2026-11-23T11:00:00Z");
        assertThat(((Completed) resend.resend(new ResendFilter(null, null, null, null, null, eleven), DRY_RUN))
                        .messages())
                .isEqualTo(2);
        resend.resend(new ResendFilter(null, null, null, null, eleven, null), keyed("k"));

        assertThat(copies(1)).containsExactly(noon.get(0));
    }

    @Test
    void what_was_delivered_again_after_a_rewind_is_in_the_time_of_both_deliveries() {
        deliver(2, "model");
        outbox.jdbc()
                .update("UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 10:00:00+00'");
        relay.lostByTheQueue();
        relay.deliverPending();

        Instant eleven = Instant.parse("2026-11-23T11:00:00Z");
        assertThat(((Completed) resend.resend(new ResendFilter(null, null, null, null, eleven, null), DRY_RUN))
                        .messages())
                .isEqualTo(2);
    }

    @Test
    void between_a_loss_and_its_repair_nothing_was_delivered() {
        deliver(3, "model");
        relay.age(Duration.ofHours(2));
        relay.lostByTheQueue();
        relay.deliverPending();

        Instant hourAgo = Instant.now().minus(Duration.ofHours(1));
        Completed none = (Completed)
                resend.resend(new ResendFilter(null, null, null, null, hourAgo, hourAgo.plusSeconds(60)), DRY_RUN);

        assertThat(none.detail()).startsWith("No retained, delivered message matches");
    }

    @Test
    void what_a_rewind_took_back_and_was_not_sent_again_in_this_time_is_not_of_this_time() {
        deliver(3, "model");
        relay.age(Duration.ofHours(2));
        TestLog log = new TestLog(outbox.jdbc(), 0);
        log.rewind(2, 3, 0);
        log.delivery(3, 1, 1);
        relay.age(Duration.ofHours(1));
        log.delivery(4, 2, 3);

        Instant hourAgo = Instant.now().minus(Duration.ofMinutes(90));
        assertThat(((Completed) resend.resend(
                                new ResendFilter(null, null, null, null, hourAgo, hourAgo.plusSeconds(3600)), DRY_RUN))
                        .messages())
                .isEqualTo(1);
    }

    @Test
    void what_was_parked_is_not_sent_again_with_its_range_nor_what_is_pending() {
        List<UUID> ids = append(3, "model");
        relay.deliverPendingAndPark(ids.get(1));
        append(2, "model");

        assertThat(((Completed) resend.resend(positions(1L, 1000L), DRY_RUN)).messages())
                .isEqualTo(2);
    }

    @Test
    void sending_again_is_bounded_by_messages_copies_counted_and_says_by_what() {
        deliver(2, "model");
        resend.resend(positions(1L, 1L), keyed("once"));
        relay.deliverPending();
        deliver(1, "model");

        Resend three = TestOperations.on(outbox, 3, DataSize.ofMegabytes(1)).resend();
        assertThat(three.resend(positions(null, null), keyed("k"))).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.status()).isEqualTo(HttpStatus.UNPROCESSABLE_CONTENT);
            assertThat(refused.detail()).contains("more than 3 messages").contains("registry.operations.max-resend");
        });
        Resend four = TestOperations.on(outbox, 4, DataSize.ofMegabytes(1)).resend();
        assertThat(((Completed) four.resend(positions(null, null), DRY_RUN)).messages())
                .isEqualTo(3);
    }

    @Test
    void sending_again_is_bounded_by_size_too() {
        deliver(3, "model");

        Resend small = TestOperations.on(outbox, 100, DataSize.ofBytes(40)).resend();

        assertThat(small.resend(positions(null, null), keyed("k")))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.detail()).contains("max-resend-size"));
        assertThat(copies(1)).isEmpty();
    }

    /** Two steps, and after the first one another transaction gets the partition's row. */
    @Test
    void copies_are_made_in_steps_of_their_own_transactions() {
        outbox.transaction()
                .executeWithoutResult(status -> outbox.outbox()
                        .add(IntStream.range(0, 600)
                                .mapToObj(n -> new NewMessage(new UUID(7, n), "model", "t", "{}"))
                                .toList()));
        relay.deliverPending();
        Resend large = TestOperations.on(outbox, 1_000, DataSize.ofMegabytes(1)).resend();

        Completed sent = (Completed) large.resend(positions(null, null), keyed("k"));

        assertThat(sent.messages()).isEqualTo(600);
        assertThat(number("SELECT count(DISTINCT created_at) FROM outbox_message WHERE copy_no = 1"))
                .as("a transaction has one time")
                .isEqualTo(2);
        assertThat(copies(1)).startsWith(new UUID(7, 0), new UUID(7, 1)).endsWith(new UUID(7, 599));
        assertThat(number("SELECT message_count FROM outbox_operation")).isEqualTo(600);
    }

    /** The second partition fails, after the first one's copies were made. */
    @Test
    void what_ended_early_is_not_said_to_be_done_nor_sent_twice_under_its_key() {
        dataSource.close();
        dataSource = database.newMigrated(2);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        for (int partition = 0; partition < 2; partition++) {
            append(2, TestOutbox.keyOf(partition, 2, 0));
            new TestClaims(outbox, partition).deliverPending();
        }
        Resend both = TestOperations.on(outbox).resend();
        ResendFilter all = new ResendFilter(null, null, null, null, ResendFilter.MIN_TIME, null);
        outbox.jdbc()
                .execute("ALTER TABLE outbox_message ADD CONSTRAINT broken CHECK (partition_id = 0 OR copy_no = 0)");
        assertThatThrownBy(() -> both.resend(all, keyed("k"))).isInstanceOf(DataAccessException.class);
        outbox.jdbc().execute("ALTER TABLE outbox_message DROP CONSTRAINT broken");

        Completed repeated = (Completed) both.resend(all, keyed("k"));

        assertThat(repeated).returns(false, Completed::executed).returns(2L, Completed::messages);
        assertThat(repeated.detail())
                .startsWith("This was begun under the same Idempotency-Key")
                .contains("Messages on record: 2.", "If it ended early", "would send these again", "from_position");
        assertThat(copies(1)).hasSize(2);
    }

    @Test
    void under_one_idempotency_key_it_is_done_once() {
        deliver(2, "model");
        Completed first = (Completed) resend.resend(positions(null, null), keyed("k"));

        Completed second = (Completed) resend.resend(positions(null, null), keyed("k"));

        assertThat(second)
                .returns(false, Completed::executed)
                .returns(2L, Completed::messages)
                .returns(first.operationId(), Completed::operationId);
        assertThat(copies(1)).hasSize(2);
        assertThat(resend.resend(positions(1L, 1L), keyed("k"))).isInstanceOf(Refused.class);
    }

    @Test
    void a_dry_run_changes_nothing_and_leaves_no_record() {
        deliver(3, "model");

        Completed dry = (Completed) resend.resend(positions(null, null), DRY_RUN);

        assertThat(dry.detail())
                .isEqualTo(
                        "Dry run: 3 messages (1 KB) would be sent again, as copies at the end, after later messages of"
                                + " their models.");
        assertThat(copies(1)).isEmpty();
        assertThat(record(outbox)).isEmpty();
    }

    @Test
    void where_nothing_is_sent_it_says_so() {
        deliver(1, "model");
        outbox.jdbc().update("UPDATE outbox_partition SET paused = TRUE, stopped_at = CURRENT_TIMESTAMP");

        assertThat(((Completed) resend.resend(positions(null, null), keyed("k"))).detail())
                .isEqualTo(
                        "1 messages are sent again, as copies at the end, after later messages of their models. Paused,"
                                + " so not before it is resumed: partition 0. Stopped, so not before it is released: partition 0.");
    }

    private static ResendFilter positions(Long from, Long to) {
        return new ResendFilter(null, 0, from, to, null, null);
    }

    private List<UUID> append(int messages, String model) {
        List<UUID> ids = new ArrayList<>();
        for (int n = 0; n < messages; n++) {
            ids.add(outbox.appendRegistered(model, "v" + UUID.randomUUID()));
        }
        return ids;
    }

    private List<UUID> deliver(int messages, String model) {
        List<UUID> ids = append(messages, model);
        relay.deliverPending();
        return ids;
    }

    private List<UUID> copies(int number) {
        return outbox.jdbc()
                .queryForList(
                        "SELECT message_id FROM outbox_message WHERE copy_no = " + number + " ORDER BY id", UUID.class);
    }

    private long number(String sql) {
        return outbox.jdbc().queryForObject(sql, Long.class);
    }
}

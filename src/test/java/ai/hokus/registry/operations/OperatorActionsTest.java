package ai.hokus.registry.operations;

import static ai.hokus.registry.operations.TestOperations.DO;
import static ai.hokus.registry.operations.TestOperations.DRY_RUN;
import static ai.hokus.registry.operations.TestOperations.keyed;
import static ai.hokus.registry.operations.TestOperations.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.operations.OperatorActionRepository.Target;
import ai.hokus.registry.operations.OperatorActions.Resolution;
import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.outbox.TestClaims;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.support.EachDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What operators' actions change: each takes effect once, is recorded, and never changes what was delivered. */
class OperatorActionsTest extends EachDatabase {

    private TestOutbox outbox;
    private TestClaims relay;
    private OperatorActions actions;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(2);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        relay = new TestClaims(outbox, 0);
        actions = TestOperations.on(outbox).actions();
    }

    @Test
    void a_paused_partition_claims_nothing_until_it_is_resumed() {
        append(1);

        Completed paused = (Completed) actions.pause(0, DO);

        assertThat(paused).returns(true, Completed::executed).returns(1L, Completed::messages);
        assertThat(relay.claim())
                .isInstanceOfSatisfying(
                        ClaimResult.Halted.class,
                        halted -> assertThat(halted.state()).isEqualTo(PartitionState.PAUSED));
        actions.resume(0, DO);
        assertThat(relay.claim()).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(record(outbox))
                .containsExactly("ada pause partition 0: because (1)", "ada resume partition 0: because (1)");
    }

    @Test
    void each_pause_is_unfenced_until_a_relay_saw_its_fence() {
        OperatorActionRepository repository = new OperatorActionRepository(JdbcClient.create(outbox.jdbc()));
        actions.pause(0, DO);
        assertThat(repository.fenced(0)).isFalse();

        ClaimResult.Halted halted = (ClaimResult.Halted) relay.claim();
        relay.appended(halted.fence());
        relay.claim(); // sees it
        assertThat(repository.fenced(0)).isTrue();
        assertThat(repository.fenced(null)).as("the other partition runs").isFalse();

        actions.resume(0, DO);
        assertThat(repository.fenced(0)).as("resumed by another operator").isFalse();
        actions.pause(0, DO);
        assertThat(repository.fenced(0)).isFalse();
    }

    @Test
    void pausing_what_is_paused_changes_nothing_and_says_so() {
        actions.pause(0, DO);
        List<String> before = everything();

        Completed again = (Completed) actions.pause(0, DO);

        assertThat(again.executed()).isFalse();
        assertThat(again.detail()).contains("partition 0 is paused");
        assertThat(everything()).isEqualTo(before);
        assertThat(record(outbox)).hasSize(1);
    }

    @Test
    void all_partitions_are_paused_but_for_those_that_are_already() {
        actions.pause(0, DO);

        assertThat(((Completed) actions.pause(null, DO)).partitions()).containsExactly(1);
        assertThat(((Completed) actions.resume(null, DO)).partitions()).containsExactly(0, 1);
    }

    @Test
    void a_partition_that_is_not_there_is_not_found() {
        assertThat(actions.pause(7, DO))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.status()).isEqualTo(HttpStatus.NOT_FOUND));
    }

    @Test
    void a_released_partition_heals_once_more_and_then_stops_again() {
        stop();

        assertThat(((Completed) actions.release(0, false, DO)).executed()).isTrue();

        assertThat(relay.claimForeign()).isInstanceOf(ClaimResult.NothingPending.class);
        assertThat(relay.claimForeign()).isInstanceOf(ClaimResult.Halted.class);
    }

    @Test
    void release_says_beforehand_exactly_how_many_messages_it_sends_again() {
        List<UUID> ids = append(6);
        relay.deliverPendingAndPark(ids.get(4));
        actions.resolve(Resolution.DISCARD, ids.get(4), DO);
        stop();
        outbox.jdbc().update("UPDATE outbox_partition SET stopped_known_position = 2 WHERE partition_id = 0");
        append(3);

        Completed dry = (Completed) actions.release(0, false, DRY_RUN);
        Completed done = (Completed) actions.release(0, false, DO);

        assertThat(dry.messages()).isEqualTo(3);
        assertThat(dry.detail()).startsWith("Dry run: partition 0 would be released. 3 messages");
        assertThat(done.messages()).isEqualTo(3);
    }

    @Test
    void a_partition_can_be_released_into_paused() {
        stop();
        long halted = number("SELECT halt_id FROM outbox_partition WHERE partition_id = 0");

        Completed released = (Completed) actions.release(0, true, DO);

        assertThat(released.detail()).contains("not before it is resumed");
        assertThat(number("SELECT halt_id FROM outbox_partition WHERE partition_id = 0"))
                .as("a pause of its own, to be fenced")
                .isNotEqualTo(halted);
        assertThat(relay.claimForeign())
                .isInstanceOfSatisfying(
                        ClaimResult.Halted.class,
                        claim -> assertThat(claim.state()).isEqualTo(PartitionState.PAUSED));
    }

    @Test
    void stopped_and_paused_are_two_things_and_neither_ends_the_other() {
        stop();

        assertThat(((Completed) actions.resume(0, DO)).executed()).isFalse();
        assertThat(((Completed) actions.pause(0, DO)).executed()).isTrue();
        assertThat(((Completed) actions.resume(0, DO)).detail()).contains("Still stopped, until released: partition 0");
        actions.pause(0, DO);
        actions.release(0, false, DO);

        assertThat(relay.claimForeign())
                .isInstanceOfSatisfying(
                        ClaimResult.Halted.class,
                        claim -> assertThat(claim.state()).isEqualTo(PartitionState.PAUSED));
    }

    @Test
    void a_requeued_message_is_a_copy_at_the_end_and_its_old_place_stays() {
        List<UUID> ids = append(3);
        relay.deliverPendingAndPark(ids.get(1));
        UUID later = append(1).get(0);

        Completed requeued = (Completed) actions.resolve(Resolution.REQUEUE, ids.get(1), DO);

        assertThat(requeued.executed()).isTrue();
        assertThat(requeued.detail())
                .endsWith(" is requeued: a copy at the end of partition 0, after later messages of its model.");
        assertThat(texts("SELECT CAST(message_id AS VARCHAR) || ' ' || copy_no FROM outbox_unclaimed ORDER BY id"))
                .containsExactly(later + " 0", ids.get(1) + " 1");
        assertThat(texts(
                        "SELECT state || ' ' || position FROM outbox_message_history WHERE copy_no = 0 AND message_id = '"
                                + ids.get(1) + "'"))
                .containsExactly("requeued 2");
        assertThat(record(outbox)).containsExactly("ada requeue message " + ids.get(1) + ": because (1)");
    }

    @Test
    void a_message_that_is_requeued_in_a_paused_partition_is_not_promised_at_once() {
        List<UUID> ids = append(1);
        relay.deliverPendingAndPark(ids.get(0));
        actions.pause(null, DO);

        assertThat(((Completed) actions.resolve(Resolution.REQUEUE, ids.get(0), DRY_RUN)).detail())
                .endsWith(" Paused, so not before it is resumed: partition 0.");
    }

    @Test
    void a_release_into_a_pause_is_on_record_and_not_the_same_as_one_without() {
        stop();
        actions.release(0, true, keyed("k"));

        assertThat(record(outbox)).containsExactly("ada release partition 0, into a pause: because (0)");
        assertThat(actions.release(0, false, keyed("k")))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.status()).isEqualTo(HttpStatus.CONFLICT));
    }

    @Test
    void requeueing_twice_makes_one_copy_and_says_so() {
        List<UUID> ids = append(2);
        relay.deliverPendingAndPark(ids.get(0));
        actions.resolve(Resolution.REQUEUE, ids.get(0), DO);

        Completed again = (Completed) actions.resolve(Resolution.REQUEUE, ids.get(0), DO);

        assertThat(again.executed()).isFalse();
        assertThat(again.detail()).contains("was already requeued");
        assertThat(number("SELECT count(*) FROM outbox_message WHERE copy_no > 0"))
                .isEqualTo(1);
    }

    @Test
    void what_was_requeued_cannot_be_discarded_nor_what_is_not_parked_requeued() {
        List<UUID> ids = append(2);
        relay.deliverPendingAndPark(ids.get(0));
        actions.resolve(Resolution.REQUEUE, ids.get(0), DO);

        assertThat(actions.resolve(Resolution.DISCARD, ids.get(0), DO)).isInstanceOf(Refused.class);
        assertThat(actions.resolve(Resolution.REQUEUE, ids.get(1), DO)).isInstanceOf(Refused.class);
        assertThat(actions.resolve(Resolution.REQUEUE, UUID.randomUUID(), DO))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.status()).isEqualTo(HttpStatus.NOT_FOUND));
    }

    /** A message is marked before it is skipped; as long as its position is not delivered, it is not decided about. */
    @Test
    void a_mark_whose_position_is_not_delivered_is_not_decided_about() {
        List<UUID> ids = append(2);
        ClaimResult.Claimed first = (ClaimResult.Claimed) relay.claim(1);
        assertThat(relay.partition().park(first, "too large")).isTrue();

        assertThat(actions.resolve(Resolution.DISCARD, ids.get(0), DO)).isInstanceOf(Refused.class);
    }

    @Test
    void purging_by_hand_says_first_what_it_then_deletes() {
        append(5);
        relay.deliverPendingAndPark(null);
        for (int n = 0; n < 4; n++) { // on PostgreSQL it takes some batches until the ids of the first ones are settled
            append(1);
            relay.deliverPendingAndPark(null);
        }

        Completed dry = (Completed) actions.purge(Duration.ZERO, DRY_RUN);
        Completed done = (Completed) actions.purge(Duration.ZERO, DO);

        assertThat(dry.messages()).isGreaterThanOrEqualTo(5);
        assertThat(done).returns(dry.messages(), Completed::messages).returns(true, Completed::executed);
        assertThat(number("SELECT message_count FROM outbox_operation")).isEqualTo(dry.messages());
        assertThat(number("SELECT count(*) FROM outbox_message")).isEqualTo(9 - dry.messages());
        assertThat(((Completed) actions.purge(Duration.ZERO, DO)).executed()).isFalse();
    }

    /** The second partition fails, after the first one's messages are gone. */
    @Test
    void a_purge_that_ended_early_has_counted_what_it_deleted_and_says_how_to_do_the_rest() {
        TestClaims other = new TestClaims(outbox, 1);
        for (int n = 0; n < 5; n++) {
            append(1);
            relay.deliverPendingAndPark(null);
            outbox.append(TestOutbox.keyOf(1, 2, 0));
            other.deliverPendingAndPark(null);
        }
        outbox.jdbc()
                .execute("ALTER TABLE outbox_partition ADD CONSTRAINT broken CHECK (partition_id = 0"
                        + " OR purged_position = 0)");

        assertThatThrownBy(() -> actions.purge(Duration.ZERO, keyed("k"))).isInstanceOf(DataAccessException.class);

        long deleted = 10 - number("SELECT count(*) FROM outbox_message");
        assertThat(deleted).isPositive();
        assertThat(number("SELECT message_count FROM outbox_operation")).isEqualTo(deleted);
        outbox.jdbc().execute("ALTER TABLE outbox_partition DROP CONSTRAINT broken");
        assertThat((Completed) actions.purge(Duration.ZERO, keyed("k")))
                .returns(false, Completed::executed)
                .returns(deleted, Completed::messages)
                .satisfies(repeated -> assertThat(repeated.detail())
                        .startsWith("This was begun under the same Idempotency-Key")
                        .contains("Messages on record: " + deleted + ".")
                        .endsWith("a request with another key, or with none, deletes the rest."));
        assertThat(((Completed) actions.purge(Duration.ZERO, DO)).executed()).isTrue();
    }

    @Test
    void another_queue_is_adopted_after_saying_what_it_is_given_again() {
        append(3);
        relay.deliverPendingAndPark(null);

        Completed dry = (Completed) actions.adopt(new Target("new-queue", null), DRY_RUN);
        assertThat(dry.messages()).isEqualTo(3);
        assertThat(dry.detail()).contains("would deliver to queue new-queue").contains("retained again: 3 messages");
        assertThat(texts("SELECT queue_name FROM outbox")).containsExactly(TestOutbox.QUEUE);

        actions.adopt(new Target("new-queue", "production"), DO);

        assertThat(texts("SELECT queue_name || ' ' || environment FROM outbox"))
                .containsExactly("new-queue production");
        assertThat(relay.claim()).isInstanceOf(ClaimResult.NotRelaying.class);
        assertThat(record(outbox)).containsExactly("ada adopt queue new-queue, environment production: because (3)");
        assertThat(((Completed) actions.adopt(new Target(null, "production"), DO)).executed())
                .isFalse();
    }

    @Test
    void under_one_idempotency_key_it_is_done_once() {
        Completed first = (Completed) actions.pause(0, keyed("k"));
        actions.resume(0, DO);

        Completed second = (Completed) actions.pause(0, keyed("k"));

        assertThat(second).returns(false, Completed::executed).returns(first.operationId(), Completed::operationId);
        assertThat(second.detail()).startsWith("This was done under the same Idempotency-Key");
        assertThat(actions.pause(1, keyed("k"))).isInstanceOf(Refused.class);
    }

    @Test
    void a_dry_run_changes_nothing_and_leaves_no_record() {
        List<UUID> ids = append(3);
        relay.deliverPendingAndPark(ids.get(0));
        List<String> before = everything();

        assertThat(((Completed) actions.pause(null, DRY_RUN)).partitions()).containsExactly(0, 1);
        assertThat(((Completed) actions.pause(0, DRY_RUN)).detail())
                .isEqualTo("Dry run: partition 0 would be paused. Nothing is sent from there. 0 messages wait.");
        assertThat(((Completed) actions.resolve(Resolution.REQUEUE, ids.get(0), DRY_RUN)).messages())
                .isEqualTo(1);
        assertThat(((Completed) actions.purge(Duration.ZERO, DRY_RUN)).executed())
                .isFalse();
        assertThat(((Completed) actions.adopt(new Target("other", null), DRY_RUN)).executed())
                .isFalse();

        assertThat(everything()).isEqualTo(before);
        assertThat(record(outbox)).isEmpty();
    }

    /** As two checkpoints of other copies of the database leave it. */
    private void stop() {
        relay.claimForeign();
        assertThat(relay.claimForeign())
                .isInstanceOfSatisfying(
                        ClaimResult.Halted.class,
                        halted -> assertThat(halted.state()).isEqualTo(PartitionState.STOPPED));
    }

    private List<UUID> append(int messages) {
        List<UUID> ids = new ArrayList<>();
        for (int n = 0; n < messages; n++) {
            ids.add(outbox.append(TestOutbox.keyOf(0, 2, n)));
        }
        return ids;
    }

    private List<String> everything() {
        List<String> rows = new ArrayList<>();
        for (String table : List.of(
                "outbox", "outbox_message", "outbox_batch", "outbox_partition", "outbox_parked", "outbox_delivery")) {
            outbox.jdbc().query("SELECT * FROM " + table, row -> {
                StringBuilder text = new StringBuilder(table);
                for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                    text.append(' ').append(row.getString(i));
                }
                rows.add(text.toString());
            });
        }
        return rows;
    }

    private List<String> texts(String sql) {
        return outbox.jdbc().queryForList(sql, String.class);
    }

    private long number(String sql) {
        return outbox.jdbc().queryForObject(sql, Long.class);
    }
}

package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.OutboxSteering.Resolution;
import ai.hokus.registry.outbox.OutboxSteering.StateChange;
import ai.hokus.registry.outbox.SteeringResult.Refused;
import ai.hokus.registry.outbox.SteeringResult.Steered;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What operators change, and that they do it once, on record, and never to history. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class OutboxSteeringTest {

    private static final Wish DO = new Wish("ada", "because", false, null);
    private static final Wish DRY_RUN = new Wish("ada", "because", true, null);
    private static final int MOST = 100;

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private TestOutbox outbox;
    private OutboxSteering steering;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(2);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        steering = outbox.steering();
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // null: skipped before there was one
            dataSource.close();
        }
    }

    @Test
    void a_paused_partition_claims_nothing_until_it_is_resumed() {
        append(1, 0);
        OutboxPartition partition = outbox.partitions().all().get(0);

        Steered paused = (Steered) steering.change(StateChange.PAUSE, 0, DO);

        assertThat(paused).returns(true, Steered::executed).returns(1L, Steered::messages);
        assertThat(claim(partition))
                .isInstanceOfSatisfying(
                        ClaimResult.Stopped.class,
                        stopped -> assertThat(stopped.state()).isEqualTo(PartitionState.PAUSED));
        steering.change(StateChange.RESUME, 0, DO);
        assertThat(claim(partition)).isInstanceOf(ClaimResult.Claimed.class);
        assertThat(record())
                .containsExactly("ada pause partition 0: because (1)", "ada resume partition 0: because (1)");
    }

    @Test
    void pausing_what_is_paused_changes_nothing_and_says_so() {
        steering.change(StateChange.PAUSE, 0, DO);

        Steered again = (Steered) steering.change(StateChange.PAUSE, 0, DO);

        assertThat(again.executed()).isFalse();
        assertThat(again.detail()).contains("partition 0 is paused");
        assertThat(record()).hasSize(1);
    }

    @Test
    void all_partitions_are_paused_but_for_those_that_are_already() {
        steering.change(StateChange.PAUSE, 0, DO);

        assertThat(((Steered) steering.change(StateChange.PAUSE, null, DO)).partitions())
                .containsExactly(1);
        assertThat(((Steered) steering.change(StateChange.RESUME, null, DO)).partitions())
                .containsExactly(0, 1);
    }

    @Test
    void a_partition_that_is_not_there_is_not_found() {
        assertThat(steering.change(StateChange.PAUSE, 7, DO))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Refused.Reason.NOT_FOUND));
    }

    @Test
    void a_released_partition_heals_once_more_and_then_stops_again() {
        OutboxPartition partition = outbox.partitions().all().get(0);
        claimForeign(partition);
        assertThat(claimForeign(partition)).isInstanceOf(ClaimResult.Stopped.class);

        assertThat(((Steered) steering.change(StateChange.RELEASE, 0, DO)).executed())
                .isTrue();

        assertThat(claimForeign(partition)).isInstanceOf(ClaimResult.NothingPending.class);
        assertThat(claimForeign(partition)).isInstanceOf(ClaimResult.Stopped.class);
    }

    @Test
    void resuming_does_not_release() {
        outbox.jdbc().update("UPDATE outbox_partition SET state = 'diverged' WHERE partition_id = 0");

        assertThat(((Steered) steering.change(StateChange.RESUME, 0, DO)).executed())
                .isFalse();
        assertThat(((Steered) steering.change(StateChange.RESUME, null, DO)).executed())
                .isFalse();
    }

    @Test
    void a_requeued_message_is_a_copy_at_the_end_and_its_old_place_is_withheld() {
        List<UUID> ids = deliver(3, 0);
        park(ids.get(1));
        UUID later = append(1, 0).get(0);

        Steered requeued = (Steered) steering.resolve(Resolution.REQUEUE, ids.get(1), DO);

        assertThat(requeued.executed()).isTrue();
        assertThat(messages("WHERE position IS NULL ORDER BY id")).containsExactly(later + " 0", ids.get(1) + " 1");
        assertThat(messages("WHERE position = 2")).containsExactly(ids.get(1) + " 0");
        assertThat(outbox.jdbc().queryForObject("SELECT resolution FROM outbox_parked", String.class))
                .isEqualTo("requeued");
        assertThat(record()).containsExactly("ada requeue message " + ids.get(1) + ": because (1)");
    }

    @Test
    void requeueing_twice_makes_one_copy_and_says_so() {
        List<UUID> ids = deliver(2, 0);
        park(ids.get(0));
        steering.resolve(Resolution.REQUEUE, ids.get(0), DO);

        Steered again = (Steered) steering.resolve(Resolution.REQUEUE, ids.get(0), DO);

        assertThat(again.executed()).isFalse();
        assertThat(again.detail()).contains("was requeued already");
        assertThat(messages("WHERE copy_no > 0")).hasSize(1);
    }

    @Test
    void what_was_requeued_cannot_be_discarded_nor_what_is_not_parked_requeued() {
        List<UUID> ids = deliver(2, 0);
        park(ids.get(0));
        steering.resolve(Resolution.REQUEUE, ids.get(0), DO);

        assertThat(steering.resolve(Resolution.DISCARD, ids.get(0), DO)).isInstanceOf(Refused.class);
        assertThat(steering.resolve(Resolution.REQUEUE, ids.get(1), DO)).isInstanceOf(Refused.class);
        assertThat(steering.resolve(Resolution.REQUEUE, UUID.randomUUID(), DO))
                .isInstanceOfSatisfying(
                        Refused.class, refused -> assertThat(refused.reason()).isEqualTo(Refused.Reason.NOT_FOUND));
    }

    @Test
    void a_mark_that_did_not_take_effect_is_not_decided_about() {
        List<UUID> ids = deliver(2, 0);
        park(ids.get(1));
        outbox.jdbc().update("UPDATE outbox_partition SET delivered_position = 1 WHERE partition_id = 0");

        assertThat(steering.resolve(Resolution.DISCARD, ids.get(1), DO)).isInstanceOf(Refused.class);
    }

    @Test
    void positions_are_sent_again_as_copies_in_their_old_order() {
        List<UUID> ids = deliver(5, 0);

        Steered sent = (Steered) resend(new Selection(null, 0, 2L, 4L, null, null), keyed("k"));

        assertThat(sent.messages()).isEqualTo(3);
        assertThat(messages("WHERE copy_no = 1 ORDER BY id"))
                .containsExactly(ids.get(1) + " 1", ids.get(2) + " 1", ids.get(3) + " 1");
        assertThat(messages("WHERE copy_no = 0")).hasSize(5);
        assertThat(number("SELECT count(*) FROM outbox_message c JOIN outbox_message m ON m.message_id = c.message_id"
                        + " WHERE m.copy_no = 0 AND c.copy_no = 1 AND c.partition_id = m.partition_id"
                        + " AND c.message_key = m.message_key AND c.message_type = m.message_type"
                        + " AND c.payload = m.payload"))
                .isEqualTo(3);
    }

    @Test
    void a_model_is_sent_again_each_message_once_however_many_copies_were_delivered() {
        List<UUID> ids = deliver(3, 0);
        resend(new Selection(null, 0, 1L, 1L, null, null), keyed("first"));
        deliverAll(0);

        Steered sent = (Steered) resend(new Selection(key(0, 0), null, null, null, null, null), keyed("second"));

        assertThat(sent.messages()).isEqualTo(1);
        assertThat(messages("WHERE copy_no = 2")).containsExactly(ids.get(0) + " 2");
    }

    @Test
    void a_time_of_delivery_selects_the_acknowledgements_of_that_time() {
        deliver(2, 0);
        outbox.jdbc()
                .update("UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 10:00:00+00'");
        List<UUID> noon = deliver(1, 0);
        outbox.jdbc()
                .update("UPDATE outbox_delivery SET delivered_at = TIMESTAMP WITH TIME ZONE '2026-11-23 12:00:00+00'"
                        + " WHERE from_position = 3");

        Instant eleven = Instant.parse("2026-11-23T11:00:00Z");
        assertThat(((Steered) resend(new Selection(null, null, null, null, null, eleven), DRY_RUN)).messages())
                .isEqualTo(2);
        resend(new Selection(null, null, null, null, eleven, null), keyed("k"));

        assertThat(messages("WHERE copy_no = 1")).containsExactly(noon.get(0) + " 1");
    }

    @Test
    void what_was_parked_is_not_sent_again_with_its_range_nor_what_is_pending() {
        List<UUID> ids = deliver(3, 0);
        park(ids.get(1));
        append(2, 0);

        assertThat(((Steered) resend(new Selection(null, 0, 1L, 1000L, null, null), DRY_RUN)).messages())
                .isEqualTo(2);
    }

    @Test
    void sending_again_is_bounded_and_says_by_what() {
        deliver(4, 0);

        assertThat(steering.resend(new Selection(null, 0, null, null, null, null), 3, DO))
                .isInstanceOfSatisfying(Refused.class, refused -> {
                    assertThat(refused.reason()).isEqualTo(Refused.Reason.TOO_MANY);
                    assertThat(refused.detail()).contains("more than 3").contains("largest-resend");
                });
        assertThat(messages("WHERE copy_no > 0")).isEmpty();
    }

    @Test
    void copies_count_towards_the_bound_so_that_nothing_is_left_out_unsaid() {
        deliver(2, 0);
        for (String key : List.of("once", "twice")) {
            resend(new Selection(null, 0, 1L, 1L, null, null), keyed(key));
            deliverAll(0);
        }
        deliver(1, 0);

        assertThat(steering.resend(new Selection(null, 0, null, null, null, null), 3, DRY_RUN))
                .isInstanceOf(Refused.class);
        assertThat(((Steered) steering.resend(new Selection(null, 0, null, null, null, null), 5, DRY_RUN)).messages())
                .isEqualTo(3);
    }

    @Test
    void under_one_idempotency_key_it_is_done_once() {
        deliver(2, 0);
        Selection all = new Selection(null, 0, null, null, null, null);
        Steered first = (Steered) resend(all, keyed("k"));

        Steered second = (Steered) resend(all, keyed("k"));

        assertThat(second).returns(false, Steered::executed).returns(first.operationId(), Steered::operationId);
        assertThat(messages("WHERE copy_no > 0")).hasSize(2);
        assertThat(resend(new Selection(null, 0, 1L, 1L, null, null), keyed("k")))
                .isInstanceOf(Refused.class);
    }

    @Test
    void purging_by_hand_says_first_what_it_then_deletes() {
        deliver(5, 0);

        Steered dry = (Steered) steering.purge(Duration.ZERO, DRY_RUN);
        Steered done = (Steered) steering.purge(Duration.ZERO, DO);

        assertThat(dry.messages()).isEqualTo(4);
        assertThat(done).returns(4L, Steered::messages).returns(true, Steered::executed);
        assertThat(number("SELECT messages FROM outbox_operation")).isEqualTo(4);
        assertThat(((Steered) steering.purge(Duration.ZERO, DO)).executed()).isFalse();
    }

    @Test
    void a_dry_run_changes_nothing_and_leaves_no_record() {
        List<UUID> ids = deliver(3, 0);
        park(ids.get(0));
        List<String> before = everything();

        assertThat(((Steered) steering.change(StateChange.PAUSE, null, DRY_RUN)).partitions())
                .containsExactly(0, 1);
        assertThat(((Steered) steering.resolve(Resolution.REQUEUE, ids.get(0), DRY_RUN)).messages())
                .isEqualTo(1);
        assertThat(((Steered) resend(new Selection(null, 0, null, null, null, null), DRY_RUN)).messages())
                .isEqualTo(2);
        assertThat(((Steered) steering.purge(Duration.ZERO, DRY_RUN)).messages())
                .isEqualTo(1);

        assertThat(everything()).isEqualTo(before);
        assertThat(record()).isEmpty();
    }

    private SteeringResult resend(Selection selection, Wish wish) {
        return steering.resend(selection, MOST, wish);
    }

    private static Wish keyed(String key) {
        return new Wish("ada", "because", false, key);
    }

    /** The nth key that is in this partition. */
    private String key(int partition, int nth) {
        OutboxIdentity identity = new OutboxIdentity(UUID.randomUUID(), 2);
        for (int n = 0, found = 0; ; n++) {
            if (identity.partitionOf("model-" + n) == partition && found++ == nth) {
                return "model-" + n;
            }
        }
    }

    private List<UUID> append(int messages, int partition) {
        List<UUID> ids = new ArrayList<>();
        for (int n = 0; n < messages; n++) {
            ids.add(outbox.append(key(partition, n)));
        }
        return ids;
    }

    private List<UUID> deliver(int messages, int partition) {
        List<UUID> ids = append(messages, partition);
        deliverAll(partition);
        return ids;
    }

    private void deliverAll(int number) {
        OutboxPartition partition = outbox.partitions().all().get(number);
        ClaimResult.Claimed claimed = (ClaimResult.Claimed) claim(partition);
        OutboxMessage last = claimed.messages().get(claimed.messages().size() - 1);
        assertThat(claim(partition, last.checkpoint().toString())).isInstanceOf(ClaimResult.NothingPending.class);
    }

    /** As a relay leaves it that was refused this message alone. */
    private void park(UUID messageId) {
        outbox.jdbc()
                .update(
                        "INSERT INTO outbox_parked (id, reason, relay)"
                                + " SELECT id, 'ERR too large', 'relay' FROM outbox_message WHERE message_id = ?",
                        messageId);
    }

    private ClaimResult claim(OutboxPartition partition) {
        List<String> newest = outbox.jdbc()
                .queryForList(
                        "SELECT m.position || ':' || m.message_id || ':' || m.term FROM outbox_message m JOIN outbox_partition p"
                                + " ON p.partition_id = m.partition_id AND p.delivered_position = m.position"
                                + " WHERE p.partition_id = " + partition.number(),
                        String.class);
        return claim(partition, newest.isEmpty() ? null : newest.get(0));
    }

    private static ClaimResult claim(OutboxPartition partition, String newest) {
        return partition.claim(new ClaimRequest(
                Sighting.newest(newest), false, Scan.NEW, 100, 100_000, ClaimRequest.Appended.NOTHING, "relay"));
    }

    private static ClaimResult claimForeign(OutboxPartition partition) {
        Sighting foreign = new Sighting(List.of(new Checkpoint(9, UUID.randomUUID(), 1).toString()), true);
        return partition.claim(
                new ClaimRequest(foreign, true, Scan.NEW, 100, 100_000, ClaimRequest.Appended.NOTHING, "relay"));
    }

    private List<String> messages(String where) {
        return outbox.jdbc()
                .queryForList(
                        "SELECT CAST(message_id AS VARCHAR) || ' ' || copy_no FROM outbox_message " + where,
                        String.class);
    }

    private List<String> record() {
        return outbox.jdbc()
                .queryForList(
                        "SELECT performed_by || ' ' || operation || ' ' || target || ': ' || reason"
                                + " || ' (' || messages || ')' FROM outbox_operation ORDER BY id",
                        String.class);
    }

    private List<String> everything() {
        List<String> rows = new ArrayList<>();
        for (String table : List.of("outbox_message", "outbox_partition", "outbox_parked", "outbox_delivery")) {
            outbox.jdbc().queryForList("SELECT * FROM " + table).forEach(row -> rows.add(row.toString()));
        }
        return rows;
    }

    private long number(String sql) {
        return outbox.jdbc().queryForObject(sql, Long.class);
    }
}

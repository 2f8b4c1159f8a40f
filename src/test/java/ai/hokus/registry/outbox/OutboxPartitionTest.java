package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.ClaimResult.Claimed;
import ai.hokus.registry.outbox.ClaimResult.Halted;
import ai.hokus.registry.outbox.ClaimResult.LookAgain;
import ai.hokus.registry.outbox.ClaimResult.NothingPending;
import ai.hokus.registry.support.EachDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a claim does, on every database that the outbox runs on. */
class OutboxPartitionTest extends EachDatabase {

    private TestOutbox outbox;
    private TestClaims claims;

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        claims = new TestClaims(outbox);
    }

    @Test
    void a_batch_has_the_next_positions_in_the_order_of_insertion() {
        List<UUID> ids = claims.append(5);

        Claimed first = (Claimed) claims.claim(3);
        claims.appended(first);
        Claimed second = (Claimed) claims.claim(3);

        assertThat(first.messages()).extracting(OutboxMessage::messageId).isEqualTo(ids.subList(0, 3));
        assertThat(first.firstPosition()).isEqualTo(1);
        assertThat(second.messages()).extracting(OutboxMessage::messageId).isEqualTo(ids.subList(3, 5));
        assertThat(second.firstPosition()).isEqualTo(4);
        assertThat(outbox.delivered(0)).isEqualTo(3);
    }

    @Test
    void a_batch_that_was_not_appended_is_returned_again() {
        claims.append(3);
        Claimed first = (Claimed) claims.claim();

        claims.forget();
        Claimed again = (Claimed) claims.claim();

        assertThat(again.messages()).isEqualTo(first.messages());
        assertThat(again.checkpoint()).isEqualTo(first.checkpoint());
    }

    @Test
    void a_checkpoint_inside_a_batch_acknowledges_the_part_before_it() {
        List<UUID> ids = claims.append(3);
        claims.claim();
        claims.forget();
        Claimed piece = (Claimed) claims.claim(2);
        claims.appended(piece);

        Claimed rest = (Claimed) claims.claim();

        assertThat(outbox.delivered(0)).isEqualTo(2);
        assertThat(rest.messages()).extracting(OutboxMessage::messageId).containsExactly(ids.get(2));
        assertThat(rest.firstPosition()).isEqualTo(3);
    }

    @Test
    void a_claim_takes_no_more_messages_and_bytes_than_it_may() {
        for (String payload : List.of("{}", "{\"ä\":\"€\"}", "{}", "{\"much\":\"larger than allowed\"}", "{}")) {
            outbox.transaction()
                    .executeWithoutResult(status ->
                            outbox.outbox().add(List.of(new NewMessage(UUID.randomUUID(), "a", "test", payload))));
        }

        // 2 + 12 bytes; the third would make 16
        Claimed first = (Claimed) claims.claim(claims.seen(), null, 10, 15);
        assertThat(first.messages()).hasSize(2);
        assertThat(first.more()).isTrue();
        claims.appended(first);
        Claimed second = (Claimed) claims.claim(claims.seen(), null, 1, 15);
        assertThat(second.messages()).hasSize(1);
        claims.appended(second);
        // a message that is larger than allowed goes alone, when it is claimed and again
        Claimed third = (Claimed) claims.claim(claims.seen(), null, 10, 15);
        assertThat(third.messages()).hasSize(1);
        assertThat(third.firstPosition()).isEqualTo(4);
        Claimed again = (Claimed) claims.claim(claims.seen(), null, 10, 15);
        assertThat(again.messages()).isEqualTo(third.messages());
    }

    @Test
    void while_a_batch_is_appended_the_one_after_it_is_claimed_and_the_one_before_it_acknowledged() {
        List<UUID> ids = claims.append(6);
        claims.appended((Claimed) claims.claim(2));
        Claimed appending = (Claimed) claims.claim(2);

        Claimed ahead = (Claimed) claims.claimAhead(appending, 2);

        assertThat(ahead.messages()).extracting(OutboxMessage::messageId).isEqualTo(ids.subList(4, 6));
        assertThat(ahead.firstPosition()).isEqualTo(5);
        assertThat(outbox.delivered(0)).isEqualTo(2);
        // Whatever becomes of them, both are in the log.
        Claimed again = (Claimed) claims.claim(10);
        assertThat(again.checkpoint()).isEqualTo(appending.checkpoint());
        claims.appended(again);
        assertThat(((Claimed) claims.claim(10)).checkpoint()).isEqualTo(ahead.checkpoint());
    }

    @Test
    void what_was_claimed_before_is_claimed_ahead_in_its_turn() {
        claims.append(6);
        Claimed appending = (Claimed) claims.claim(2);
        Claimed ahead = (Claimed) new TestClaims(outbox).claimAhead(appending, 2);

        Claimed again = (Claimed) claims.claimAhead(appending, 1);

        assertThat(again.messages()).isEqualTo(ahead.messages().subList(0, 1));
        Claimed rest = (Claimed) claims.claimAhead(again, 2);
        assertThat(rest.checkpoint()).isEqualTo(ahead.checkpoint());
        assertThat(rest.messages()).isEqualTo(ahead.messages().subList(1, 2));
    }

    @Test
    void nothing_is_claimed_ahead_of_a_batch_that_the_log_does_not_have() {
        claims.append(6);
        Claimed appending = (Claimed) claims.claim(2);
        outbox.jdbc().update("DELETE FROM outbox_batch"); // as by a restore
        assertThat(claims.claimAhead(appending, 2)).isInstanceOf(LookAgain.class);

        assertThat(claims.number("SELECT count(*) FROM outbox_batch")).isZero();
    }

    @Test
    void nothing_is_claimed_ahead_while_the_partition_is_paused_or_when_the_queue_lost_something() {
        claims.deliver(2);
        claims.append(4);
        Claimed appending = (Claimed) claims.claim(2);
        claims.lostByTheQueue();
        assertThat(claims.claimAhead(appending, 2)).isInstanceOf(LookAgain.class);
        claims.appended(appending);
        outbox.jdbc().update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");

        assertThat(claims.claimAhead(appending, 2)).isInstanceOf(ClaimResult.Halted.class);

        assertThat(claims.number("SELECT count(*) FROM outbox_batch")).isEqualTo(2);
    }

    @Test
    void relays_that_claim_at_once_claim_the_same_batch() throws Exception {
        claims.append(40);
        ExecutorService relays = Executors.newFixedThreadPool(4);
        try {
            List<Callable<ClaimResult>> all = new ArrayList<>();
            IntStream.range(0, 4).forEach(n -> all.add(() -> new TestClaims(outbox).claim(10)));
            for (Future<ClaimResult> claim : relays.invokeAll(all)) {
                assertThat(((Claimed) claim.get()).lastPosition()).isEqualTo(10);
            }
            assertThat(claims.number("SELECT count(*) FROM outbox_batch")).isEqualTo(1);
        } finally {
            relays.shutdownNow();
        }
    }

    @Test
    void a_step_backward_is_believed_only_when_it_was_seen_twice() {
        claims.deliver(3);
        claims.lostByTheQueue();

        LookAgain again = (LookAgain) claims.claim();
        assertThat(outbox.delivered(0)).isEqualTo(3);
        Claimed claimed = (Claimed) claims.claim(claims.all(), again.deliveryNo(), 10, 100_000);

        assertThat(outbox.delivered(0)).isZero();
        assertThat(claimed.messages()).hasSize(3);
        assertThat(claimed.rewind()).isNotNull();
        assertThat(claims.number("SELECT count(*) FROM outbox_rewind")).isEqualTo(1);
    }

    @Test
    void a_second_look_that_is_older_than_somebody_elses_rewind_confirms_nothing() {
        claims.deliver(3);
        claims.lostByTheQueue();
        LookAgain slow = (LookAgain) claims.claim();
        TestClaims other = new TestClaims(outbox);
        other.deliverPending();

        ClaimResult late = claims.claim(claims.all(), slow.deliveryNo(), 10, 100_000);

        assertThat(late).isInstanceOf(LookAgain.class);
        assertThat(claims.number("SELECT count(*) FROM outbox_rewind")).isEqualTo(1);
    }

    @Test
    void what_a_restored_database_lacks_is_healed_however_often_it_is_seen() {
        claims.deliver(2);
        Object[] history = outbox.jdbc()
                .queryForList("SELECT histories FROM outbox_partition")
                .toArray();
        claims.append(1);
        claims.appended((Claimed) claims.claim());
        // the database is restored to before the last claim
        outbox.jdbc().update("DELETE FROM outbox_batch WHERE first_position = 3");
        outbox.jdbc().update("DELETE FROM outbox_message WHERE id = (SELECT max(id) FROM outbox_message)");

        for (int pass = 0; pass < 3; pass++) {
            claims.forget();
            LookAgain again = (LookAgain) claims.claim();
            assertThat(claims.claim(claims.all(), again.deliveryNo(), 10, 100_000))
                    .isInstanceOf(NothingPending.class);
        }

        assertThat(history).hasSize(1);
        assertThat(claims.number("SELECT CARDINALITY(histories) FROM outbox_partition"))
                .isEqualTo(2);
        claims.deliver(1);
        assertThat(outbox.delivered(0)).isEqualTo(3);
    }

    @Test
    void a_second_stranger_within_the_hour_stops_the_partition_and_one_after_it_does_not() {
        claims.deliver(2);

        assertThat(claimWithStranger("v1:9:a1:b1:0")).isInstanceOf(NothingPending.class);
        assertThat(claimWithStranger("v1:9:a2:b2:0")).isInstanceOf(Halted.class);
        assertThat(claims.number("SELECT stopped_known_position FROM outbox_partition"))
                .isEqualTo(2);

        outbox.jdbc().update("UPDATE outbox_partition SET stopped_at = NULL");
        claims.age(Duration.ofHours(2));
        assertThat(claimWithStranger("v1:9:a3:b3:0")).isInstanceOf(NothingPending.class);
    }

    /** Whoever was appending while the stranger was healed is heard of once more, and is no second stranger. */
    @Test
    void what_follows_in_a_healed_strangers_history_stops_nothing() {
        claims.deliver(2);

        assertThat(claimWithStranger("v1:9:a1:b1:0")).isInstanceOf(NothingPending.class);
        assertThat(claimWithStranger("v1:10:a2:b1:0")).isInstanceOf(NothingPending.class);
    }

    /** The copy was made after the batch was claimed, so both have it, and appended it in a history of its own. */
    @Test
    void a_strangers_checkpoint_whose_batch_is_in_the_log_is_not_said_to_be_missing_there() {
        claims.deliver(2);
        Checkpoint ours = Checkpoint.parse(claims.seen().newest());

        ClaimResult healed = claimWithStranger("v1:2:" + Long.toHexString(ours.batchId()) + ":b1:0");

        assertThat(healed.rewind().divergence()).isTrue();
        assertThat(healed.rewind().to()).isEqualTo(2);
        assertThat(healed.rewind().reason())
                .contains("has a batch of this database's log", "; another copy of this database wrote it")
                .doesNotContain("is not of this database's log", "the newest one that is in the log");
    }

    /** The queue's newest checkpoint is this one; ours are behind it. */
    private ClaimResult claimWithStranger(String stranger) {
        List<String> newestFirst = new ArrayList<>(claims.all().newestFirst());
        newestFirst.add(0, stranger);
        ObservedCheckpoints all = new ObservedCheckpoints(newestFirst, List.of(), true);
        LookAgain again = (LookAgain) claims.claim(ObservedCheckpoints.newest(stranger), null, 10, 100_000);
        return claims.claim(all, again.deliveryNo(), 10, 100_000);
    }

    @Test
    void a_milestone_finds_the_common_point_where_the_newest_checkpoints_do_not_reach_back() {
        claims.deliver(2);
        String common = claims.seen().newest();
        claims.deliver(1);
        outbox.jdbc().update("DELETE FROM outbox_batch WHERE first_position = 3"); // restored
        ObservedCheckpoints seen = new ObservedCheckpoints(List.of("v1:3:a:b:0"), List.of(common), true);
        LookAgain again = (LookAgain) claims.claim(seen, null, 10, 100_000);

        claims.claim(seen, again.deliveryNo(), 10, 100_000);

        assertThat(outbox.delivered(0)).isEqualTo(2);
    }

    @Test
    void a_checkpoint_of_an_unknown_version_heals_nothing() {
        claims.deliver(2);

        assertThat(claims.claim(ObservedCheckpoints.newest("v2:1:a:b:0"), null, 10, 100_000))
                .isInstanceOfSatisfying(
                        ClaimResult.NotRelaying.class,
                        refusal -> assertThat(refusal.reason()).startsWith("unknown checkpoint version: v2:1:a:b:0 "));
        assertThat(outbox.delivered(0)).isEqualTo(2);
    }

    @Test
    void a_paused_partition_acknowledges_asks_for_a_fence_and_hands_out_nothing() {
        claims.append(4);
        claims.appended((Claimed) claims.claim(2));
        outbox.jdbc().update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");

        Halted halted = (Halted) claims.claim();

        assertThat(halted.state()).isEqualTo(PartitionState.PAUSED);
        assertThat(halted.fence()).isNotNull();
        assertThat(outbox.delivered(0)).isEqualTo(2);
        String fence = halted.fence().toString();
        Halted again = (Halted) claims.claim(ObservedCheckpoints.newest(fence), null, 10, 100_000);
        assertThat(again.fence()).isNull();
        assertThat(claims.number("SELECT count(*) FROM outbox_partition WHERE fenced_halt_id = halt_id"))
                .isEqualTo(1);

        outbox.jdbc().update("UPDATE outbox_partition SET halt_id = DEFAULT"); // resumed, and paused again
        Halted second = (Halted) claims.claim(ObservedCheckpoints.newest(fence), null, 10, 100_000);
        assertThat(second.fence()).as("each pause has its own").isNotNull();
    }

    @Test
    void another_queue_name_or_environment_relays_nothing_and_says_why() {
        claims.append(1);
        claims.claim();
        OutboxPartition other =
                outbox.partitions().forRelay("other", "another-queue").get(0);
        ClaimRequest request = new ClaimRequest(claims.seen(), null, null, null, 10, 100_000);

        assertThat(((ClaimResult.NotRelaying) other.claim(request)).reason())
                .contains(TestOutbox.QUEUE, "another-queue");

        outbox.jdbc().update("UPDATE outbox SET environment = 'production'");
        assertThat(((ClaimResult.NotRelaying) claims.claim()).reason()).contains("production", "not set");
        outbox.jdbc().update("UPDATE outbox SET environment = NULL, queue_name = 'another-queue'");
        assertThat(other.claim(request)).isInstanceOf(Claimed.class);
    }

    @Test
    void a_parked_message_stays_marked_until_it_is_delivered() {
        claims.append(2);
        claims.park((Claimed) claims.claim(1));
        claims.deliverPending();
        assertThat(claims.number("SELECT count(*) FROM outbox_parked_messages")).isEqualTo(1);

        claims.lostByTheQueue(); // and this time the queue takes it
        claims.deliverPending();

        assertThat(claims.number("SELECT count(*) FROM outbox_parked")).isZero();
    }

    /** The append that is the newest in the queue is not the one that passed it, and the list does not reach back to that. */
    @Test
    void a_parked_message_stays_marked_if_its_skip_may_have_been_forgotten() {
        TestLog log = new TestLog(outbox.jdbc(), 0);
        for (long id = 1; id <= 2; id++) {
            log.message(id, "churn");
            log.batch(id, id, id);
        }
        log.parked(1, 1, null);
        outbox.jdbc().update("UPDATE outbox_partition SET lowest_parked_position = 1");
        ObservedCheckpoints seen = new ObservedCheckpoints(
                List.of(
                        new Checkpoint(9, 9, 9, Checkpoint.APPEND).toString(),
                        new Checkpoint(2, 2, 1, Checkpoint.APPEND).toString()),
                List.of(),
                true);

        LookAgain again = (LookAgain) claims.claim(seen, null, 10, 100_000);
        claims.claim(seen, again.deliveryNo(), 10, 100_000);

        assertThat(outbox.delivered(0)).isEqualTo(2);
        assertThat(claims.number("SELECT count(*) FROM outbox_parked_messages")).isEqualTo(1);
    }

    @Test
    void a_message_that_was_delivered_is_not_parked() {
        claims.append(1);
        Claimed claimed = (Claimed) claims.claim();
        claims.appended(claimed);
        claims.claim();

        assertThat(claims.partition().park(claimed, "late")).isFalse();
    }

    @Test
    void a_message_that_an_operator_decided_about_is_withheld_and_so_is_one_whose_row_is_gone() {
        claims.append(3);
        claims.park((Claimed) claims.claim(1));
        claims.deliverPending();
        outbox.jdbc().update("UPDATE outbox_parked SET resolution = 'discarded', resolved_at = CURRENT_TIMESTAMP");
        outbox.jdbc().update("DELETE FROM outbox_message WHERE id = (SELECT max(id) FROM outbox_message)");
        claims.lostByTheQueue();

        LookAgain again = (LookAgain) claims.claim();
        Claimed first = (Claimed) claims.claim(claims.all(), again.deliveryNo(), 10, 100_000);
        claims.appended(first);
        Claimed second = (Claimed) claims.claim();

        assertThat(first.messages()).extracting(OutboxMessage::withheld).containsExactly(true);
        assertThat(second.messages()).extracting(OutboxMessage::withheld).containsExactly(false, true);
    }

    @Test
    void nothing_is_to_be_done_only_when_all_is_delivered_and_the_queue_says_the_same() {
        assertThat(claims.partition().isIdle(null, null)).isFalse();
        claims.deliver(2);
        String newest = claims.seen().newest();

        assertThat(claims.partition().isIdle(newest, claims.cursor())).isTrue();
        assertThat(claims.partition().isIdle(null, claims.cursor())).isFalse();
        assertThat(claims.partition().isIdle("v1:1:a:b:0", claims.cursor())).isFalse();
        claims.append(1);
        assertThat(claims.partition().isIdle(newest, claims.cursor())).isFalse();
    }

    @Test
    void every_message_is_claimed_once() {
        List<UUID> ids = claims.append(50);
        List<UUID> claimed = new ArrayList<>();
        while (claimed.size() < ids.size()) {
            Claimed batch = (Claimed) claims.claim(7);
            batch.messages().forEach(message -> claimed.add(message.messageId()));
            claims.appended(batch);
        }

        assertThat(claimed).isEqualTo(ids);
        assertThat(new HashSet<>(claimed)).hasSize(50);
    }
}

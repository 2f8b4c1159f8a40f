package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.outbox.ClaimResult.Claimed;
import ai.hokus.registry.outbox.ClaimResult.NothingPending;
import ai.hokus.registry.outbox.ClaimResult.Overtaken;
import ai.hokus.registry.outbox.ClaimResult.Stopped;
import ai.hokus.registry.outbox.ClaimResult.UnknownCheckpoint;
import ai.hokus.registry.outbox.ClaimResult.WouldRewind;
import ai.hokus.registry.support.TestDatabase;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the outbox promises, on every database that it runs on. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class OutboxTest {

    private static final Duration AN_HOUR = Duration.ofHours(1);
    private static final String RELAY = "relay of the test";

    @Parameter
    TestDatabase database;

    private HikariDataSource dataSource;
    private TestOutbox outbox;
    private OutboxPartition partition;
    private final List<AppendedMessage> committed = new ArrayList<>();

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, AN_HOUR, committed::add);
        partition = outbox.partitions().all().get(0);
    }

    @AfterEach
    void close() {
        if (dataSource != null) { // skipped before there was one
            dataSource.close();
        }
    }

    @Test
    void a_rolled_back_transaction_leaves_no_message_and_tells_nobody() {
        outbox.transaction().executeWithoutResult(status -> {
            outbox.outbox().append(new NewMessage(UUID.randomUUID(), "a", "test", "{}"));
            status.setRollbackOnly();
        });

        assertThat(claimFrom(null)).isInstanceOf(NothingPending.class);
        assertThat(committed).isEmpty();
    }

    @Test
    void listeners_are_told_after_the_commit() {
        UUID id = UUID.randomUUID();
        outbox.transaction().executeWithoutResult(status -> {
            outbox.outbox().append(new NewMessage(id, "a", "test", "{}"));
            assertThat(committed).isEmpty();
        });

        assertThat(committed).extracting(m -> m.message().messageId()).containsExactly(id);
    }

    @Test
    void a_listener_that_fails_disturbs_neither_the_commit_nor_the_other_listeners() {
        TestOutbox withBadListener = TestOutbox.on(
                dataSource,
                AN_HOUR,
                message -> {
                    throw new IllegalStateException("bad listener");
                },
                committed::add);

        withBadListener.append("a");

        assertThat(committed).hasSize(1);
        assertThat(claimFrom(null)).isInstanceOf(Claimed.class);
    }

    @Test
    void a_message_is_refused_outside_a_transaction() {
        assertThatThrownBy(() -> outbox.outbox().append(new NewMessage(UUID.randomUUID(), "a", "test", "{}")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transaction");
    }

    @Test
    void a_claim_gives_contiguous_positions_in_the_order_of_insertion() {
        List<UUID> ids = append(3);

        Claimed claimed = (Claimed) claimFrom(null);

        assertThat(claimed.messages()).extracting(OutboxMessage::messageId).containsExactlyElementsOf(ids);
        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(1L, 2L, 3L);
    }

    @Test
    void a_position_never_changes() {
        append(3);
        List<OutboxMessage> first = ((Claimed) claimFrom(null)).messages();
        append(2);

        List<OutboxMessage> again = ((Claimed) claimFrom(null)).messages();

        assertThat(again.subList(0, 3)).isEqualTo(first);
        assertThat(again).extracting(OutboxMessage::position).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void a_checkpoint_further_on_acknowledges_what_came_before_it() {
        append(3);
        OutboxMessage second = ((Claimed) claimFrom(null)).messages().get(1);

        Claimed claimed = (Claimed) claimFrom(second.checkpoint());

        assertThat(claimed.progress().delivered()).isEqualTo(2);
        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(3L);
        assertThat(row("SELECT from_position || '-' || to_position FROM outbox_delivery"))
                .isEqualTo("1-2");
        assertThat(number("SELECT delivered_position FROM outbox_partition")).isEqualTo(2);
    }

    @Test
    void a_step_backward_is_believed_only_when_it_was_seen_twice() {
        List<OutboxMessage> messages = deliver(3);

        assertThat(claimFrom(messages.get(0).checkpoint())).isInstanceOf(WouldRewind.class);
        assertThat(number("SELECT delivered_position FROM outbox_partition")).isEqualTo(3);

        Claimed claimed = (Claimed) claim(all(messages.get(0).checkpoint()), true);
        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(2L, 3L);
        assertThat(claimed.progress().rewind())
                .isNotNull()
                .returns(3L, ClaimResult.Rewind::from)
                .returns(1L, ClaimResult.Rewind::to)
                .returns(false, ClaimResult.Rewind::diverged);
        assertThat(row("SELECT from_position || '>' || to_position FROM outbox_rewind"))
                .isEqualTo("3>1");
        assertThat(row("SELECT from_position || '-' || to_position FROM outbox_delivery"))
                .isEqualTo("1-1");
    }

    @Test
    void a_queue_that_forgot_everything_gets_everything_that_is_retained() {
        deliver(3);

        Claimed claimed = (Claimed) claim(all(), true);

        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(1L, 2L, 3L);
        assertThat(number("SELECT count(*) FROM outbox_delivery")).isZero();
    }

    @Test
    void an_unknown_newest_checkpoint_asks_for_the_older_ones() {
        List<OutboxMessage> messages = deliver(3);
        Checkpoint foreign = new Checkpoint(4, UUID.randomUUID(), 1);

        assertThat(claimFrom(foreign)).isInstanceOf(UnknownCheckpoint.class);
        assertThat(claim(all(foreign, messages.get(1).checkpoint()), false)).isInstanceOf(WouldRewind.class);
        Claimed claimed = (Claimed) claim(all(foreign, messages.get(1).checkpoint()), true);
        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(3L);
        assertThat(claimed.progress().rewind()).isNotNull().returns(true, ClaimResult.Rewind::diverged);
    }

    @Test
    void a_text_that_is_no_checkpoint_is_in_nobodys_history() {
        deliver(1);

        assertThat(claim(new Sighting(List.of("rubbish"), false), false)).isInstanceOf(UnknownCheckpoint.class);
        assertThat(claim(new Sighting(List.of("rubbish"), true), true)).isInstanceOf(Claimed.class);
    }

    @Test
    void a_second_divergence_within_the_hour_stops_the_partition() {
        List<OutboxMessage> messages = deliver(2);
        claim(all(new Checkpoint(3, UUID.randomUUID(), 1), messages.get(1).checkpoint()), true);

        ClaimResult second = claim(
                all(new Checkpoint(3, UUID.randomUUID(), 1), messages.get(1).checkpoint()), true);

        assertThat(second)
                .isInstanceOfSatisfying(
                        Stopped.class, s -> assertThat(s.state()).isEqualTo(PartitionState.DIVERGED));
        assertThat(claimFrom(messages.get(1).checkpoint())).isInstanceOf(Stopped.class);
    }

    @Test
    void a_divergence_after_the_hour_is_healed_again() {
        List<OutboxMessage> messages = deliver(2);
        claim(all(new Checkpoint(3, UUID.randomUUID(), 1), messages.get(1).checkpoint()), true);
        shift("UPDATE outbox_partition SET diverged_at = ", "diverged_at", Duration.ofMinutes(61));

        assertThat(claim(
                        all(
                                new Checkpoint(3, UUID.randomUUID(), 1),
                                messages.get(1).checkpoint()),
                        true))
                .isInstanceOf(NothingPending.class);
    }

    @Test
    void a_queue_that_fell_back_behind_the_retained_history_is_no_divergence() {
        List<OutboxMessage> messages = deliver(5);
        shift("UPDATE outbox_delivery SET delivered_at = ", "delivered_at", AN_HOUR);
        outbox.purge().purge(Duration.ofMinutes(30), 2, Duration.ofSeconds(20));

        Claimed claimed = (Claimed) claim(all(messages.get(1).checkpoint()), true);

        assertThat(claimed.messages()).extracting(OutboxMessage::position).containsExactly(5L);
        assertThat(claimed.progress().rewind()).isNotNull().returns(false, ClaimResult.Rewind::diverged);
    }

    @Test
    void a_claim_takes_no_more_messages_and_bytes_than_it_may() {
        for (String payload : List.of("{}", "{\"ä\":\"€\"}", "{}", "{\"much\":\"larger than allowed\"}", "{}")) {
            outbox.transaction()
                    .executeWithoutResult(
                            status -> outbox.outbox().append(new NewMessage(UUID.randomUUID(), "a", "test", payload)));
        }

        // 2 + 12 bytes; the third would make 16
        Claimed first = (Claimed) claim(all(), false, Scan.NEW, 10, 15);
        assertThat(first.messages()).hasSize(2);
        Claimed second = (Claimed) claim(all(last(first).checkpoint()), false, first.next(), 1, 15);
        assertThat(second.messages()).extracting(OutboxMessage::position).containsExactly(3L);
        // a message that is larger than allowed goes alone, when it is given its position and again
        Claimed third = (Claimed) claim(all(last(second).checkpoint()), false, second.next(), 10, 15);
        assertThat(third.messages()).extracting(OutboxMessage::position).containsExactly(4L);
        assertThat(third.more()).isTrue();
        Claimed again = (Claimed) claim(all(last(second).checkpoint()), false, Scan.NEW, 10, 15);
        assertThat(again.messages()).extracting(OutboxMessage::position).containsExactly(4L);
        assertThat(again.more()).isTrue();
    }

    /** Of one model, a lower id commits behind the walk, and a higher one ahead of it. */
    @Test
    void a_walk_does_not_overtake_a_models_earlier_message() throws Exception {
        CountDownLatch inserted = new CountDownLatch(1);
        CountDownLatch walkPassed = new CountDownLatch(1);
        ExecutorService registrar = Executors.newSingleThreadExecutor();
        try {
            Future<?> early = registrar.submit(() -> outbox.transaction().executeWithoutResult(status -> {
                outbox.outbox().append(new NewMessage(new UUID(0, 1), "slow", "test", "{}"));
                inserted.countDown();
                await(walkPassed);
            }));
            await(inserted);
            append(3);
            Claimed first = (Claimed) claim(all(), false, Scan.NEW, 2, 1000);
            walkPassed.countDown();
            early.get();
            outbox.transaction()
                    .executeWithoutResult(
                            status -> outbox.outbox().append(new NewMessage(new UUID(0, 2), "slow", "test", "{}")));

            List<UUID> slow = new ArrayList<>();
            Claimed claimed = first;
            for (ClaimResult next = first; !(next instanceof NothingPending n && n.walkBegan()); ) {
                next = claim(
                        all(last(claimed).checkpoint()),
                        false,
                        next instanceof Claimed c ? c.next() : Scan.NEW,
                        2,
                        1000);
                if (next instanceof Claimed c) {
                    claimed = c;
                    c.messages().stream()
                            .filter(m -> m.key().equals("slow"))
                            .map(OutboxMessage::messageId)
                            .forEach(slow::add);
                }
            }

            assertThat(slow).containsExactly(new UUID(0, 1), new UUID(0, 2));
        } finally {
            walkPassed.countDown();
            registrar.shutdownNow();
        }
    }

    @Test
    void relays_that_claim_at_once_give_every_message_one_position() throws Exception {
        append(40);
        ExecutorService relays = Executors.newFixedThreadPool(4);
        try {
            List<Callable<ClaimResult>> claims = new ArrayList<>();
            IntStream.range(0, 4).forEach(n -> claims.add(() -> claim(all(), false, Scan.NEW, 10, 100_000)));
            for (Future<ClaimResult> claim : relays.invokeAll(claims)) {
                assertThat(((Claimed) claim.get()).messages())
                        .extracting(OutboxMessage::position)
                        .containsExactlyElementsOf(IntStream.rangeClosed(1, 10)
                                .mapToObj(Long::valueOf)
                                .toList());
            }
            assertThat(number("SELECT count(*) FROM outbox_message WHERE position IS NOT NULL"))
                    .isEqualTo(10);
        } finally {
            relays.shutdownNow();
        }
    }

    @Test
    void a_parked_message_stays_on_record_until_it_got_through() {
        append(2);
        Claimed claimed = (Claimed) claimFrom(null);
        OutboxMessage first = claimed.messages().get(0);

        assertThat(partition.park(first, "too large", RELAY)).isTrue();
        assertThat(partition.park(first, "still too large", RELAY)).isTrue();
        assertThat(row("SELECT reason FROM outbox_parked")).isEqualTo("still too large");

        // skipped: an empty append, after which the caller has appended nothing
        claim(all(first.checkpoint()), false);
        assertThat(number("SELECT count(*) FROM outbox_parked")).isEqualTo(1);

        // lost and sent again, and this time the queue takes it
        claim(all(), true);
        claim(all(last(claimed).checkpoint()), new ClaimRequest.Appended(1, 2));
        assertThat(number("SELECT count(*) FROM outbox_parked")).isZero();
    }

    @Test
    void a_message_that_was_delivered_is_not_parked() {
        OutboxMessage message = deliver(1).get(0);

        assertThat(partition.park(message, "too late", RELAY)).isFalse();
        assertThat(number("SELECT count(*) FROM outbox_parked")).isZero();
    }

    @Test
    void a_message_that_an_operator_decided_about_is_withheld() {
        append(2);
        OutboxMessage first = ((Claimed) claimFrom(null)).messages().get(0);
        partition.park(first, "too large", RELAY);
        outbox.jdbc().update("UPDATE outbox_parked SET resolution = 'discarded', resolved_at = CURRENT_TIMESTAMP");

        assertThat(((Claimed) claimFrom(null)).messages())
                .extracting(OutboxMessage::withheld)
                .containsExactly(true, false);
    }

    @Test
    void a_paused_partition_acknowledges_and_hands_out_nothing() {
        append(2);
        OutboxMessage first = ((Claimed) claimFrom(null)).messages().get(0);
        outbox.jdbc().update("UPDATE outbox_partition SET state = 'paused'");

        assertThat(claimFrom(first.checkpoint())).isInstanceOfSatisfying(Stopped.class, stopped -> {
            assertThat(stopped.state()).isEqualTo(PartitionState.PAUSED);
            assertThat(stopped.progress().delivered()).isEqualTo(1);
        });
    }

    @Test
    void purging_takes_what_was_delivered_long_ago_but_never_the_last_delivered_message() {
        deliver(5);
        append(2);
        claimFrom(lastDelivered());

        assertThat(outbox.purge().purge(Duration.ofMinutes(30), 2, Duration.ofSeconds(20)))
                .isZero();
        shift("UPDATE outbox_delivery SET delivered_at = ", "delivered_at", AN_HOUR);
        assertThat(outbox.purge().purge(Duration.ofMinutes(30), 2, Duration.ofSeconds(20)))
                .isEqualTo(4);

        assertThat(outbox.jdbc().queryForList("SELECT position FROM outbox_message ORDER BY position", Long.class))
                .containsExactly(5L, 6L, 7L);
        assertThat(number("SELECT purged_position FROM outbox_partition")).isEqualTo(4);
    }

    @Test
    void purging_counts_from_the_delivery_and_not_from_the_registration() {
        append(3);
        shift("UPDATE outbox_message SET created_at = ", "created_at", Duration.ofHours(100));
        Claimed claimed = (Claimed) claimFrom(null);
        claimFrom(last(claimed).checkpoint());

        assertThat(outbox.purge().purge(AN_HOUR, 100, Duration.ofSeconds(20))).isZero();
    }

    @Test
    void purging_passes_by_a_parked_message_until_an_operator_has_decided() {
        append(4);
        Claimed claimed = (Claimed) claimFrom(null);
        partition.park(claimed.messages().get(1), "too large", RELAY);
        claimFrom(last(claimed).checkpoint());
        shift("UPDATE outbox_delivery SET delivered_at = ", "delivered_at", AN_HOUR);

        assertThat(outbox.purge().purge(Duration.ofMinutes(30), 100, Duration.ofSeconds(20)))
                .isEqualTo(2);
        assertThat(outbox.jdbc().queryForList("SELECT position FROM outbox_message ORDER BY position", Long.class))
                .containsExactly(2L, 4L);

        outbox.jdbc().update("UPDATE outbox_parked SET resolution = 'discarded', resolved_at = CURRENT_TIMESTAMP");
        shift("UPDATE outbox_parked SET resolved_at = ", "resolved_at", AN_HOUR);
        assertThat(outbox.purge().purge(Duration.ofMinutes(30), 100, Duration.ofSeconds(20)))
                .isEqualTo(1);
        assertThat(number("SELECT count(*) FROM outbox_parked")).isZero();
    }

    @Test
    void messages_of_one_key_always_share_a_partition() {
        OutboxIdentity identity = new OutboxIdentity(UUID.randomUUID(), 4);

        Set<Integer> partitions = new TreeSet<>();
        for (int n = 0; n < 100; n++) {
            assertThat(identity.partitionOf("model-" + n)).isEqualTo(identity.partitionOf("model-" + n));
            partitions.add(identity.partitionOf("model-" + n));
        }
        assertThat(partitions).containsExactly(0, 1, 2, 3);
    }

    private List<UUID> append(int messages) {
        return IntStream.range(0, messages)
                .mapToObj(n -> outbox.append("model-" + n))
                .toList();
    }

    /** Appends messages, claims them, and acknowledges the last. */
    private List<OutboxMessage> deliver(int messages) {
        append(messages);
        Claimed claimed = (Claimed) claimFrom(null);
        assertThat(claimFrom(last(claimed).checkpoint())).isInstanceOf(NothingPending.class);
        return claimed.messages();
    }

    @Test
    void a_claim_ahead_takes_what_comes_after_the_batch_under_way_and_acknowledges_the_one_before() {
        List.of("a", "b", "c", "d", "e").forEach(outbox::append);
        Claimed first = claimFirst(2);
        Claimed second = (Claimed) claimAfter(first, 2);

        Claimed third = (Claimed) claimAfter(second, 2);

        assertThat(positions(first)).containsExactly(1L, 2L);
        assertThat(first.more()).isTrue();
        assertThat(positions(second)).containsExactly(3L, 4L);
        assertThat(second.progress().delivered()).isZero();
        assertThat(positions(third)).containsExactly(5L);
        assertThat(third.progress().delivered()).isEqualTo(2);
        assertThat(lastDelivered()).isEqualTo(last(first).checkpoint());
    }

    @Test
    void what_was_claimed_ahead_and_not_sent_is_claimed_again_in_its_place() {
        List.of("a", "b", "c").forEach(outbox::append);
        Claimed first = claimFirst(1);
        Claimed ahead = (Claimed) claimAfter(first, 1);

        Claimed again = (Claimed) claimFrom(null);

        assertThat(again.messages())
                .startsWith(first.messages().get(0), ahead.messages().get(0))
                .hasSize(3);
    }

    @Test
    void a_claim_ahead_changes_nothing_when_another_relay_passed_the_batch_under_way() {
        List.of("a", "b", "c").forEach(outbox::append);
        Claimed first = claimFirst(1);
        Claimed all = (Claimed) claimFrom(null);
        claimFrom(last(all).checkpoint());
        long delivered = number("SELECT delivered_position FROM outbox_partition");

        assertThat(claimAfter(first, 1)).isInstanceOf(Overtaken.class);

        assertThat(number("SELECT delivered_position FROM outbox_partition")).isEqualTo(delivered);
    }

    @Test
    void a_claim_ahead_gives_no_positions_when_the_database_lost_the_batch_under_way() {
        outbox.append("a");
        Claimed first = claimFirst(1);
        loseClaims();

        assertThat(claimAfter(first, 1)).isInstanceOf(Overtaken.class);

        assertThat(number("SELECT last_position FROM outbox_partition")).isZero();
    }

    @Test
    void a_claim_ahead_gives_no_positions_when_a_restored_database_gave_those_under_way_again() {
        append(3);
        Claimed first = claimFirst(2);
        loseClaims();
        Claimed again = claimFirst(2);
        assertThat(positions(again)).isEqualTo(positions(first));

        assertThat(claimAfter(first, 1)).isInstanceOf(Overtaken.class);

        assertThat(number("SELECT last_position FROM outbox_partition")).isEqualTo(2);
    }

    @Test
    void a_position_that_a_restored_database_gives_again_is_another_one_even_for_the_same_message() {
        append(2);
        Checkpoint lost = last(claimFirst(2)).checkpoint();
        loseClaims();
        Checkpoint found = last(claimFirst(2)).checkpoint();
        assertThat(List.of(found.position(), found.messageId())).isEqualTo(List.of(lost.position(), lost.messageId()));

        assertThat(claimFrom(lost)).isInstanceOf(UnknownCheckpoint.class);
        assertThat(claim(all(lost), false)).isInstanceOf(WouldRewind.class);
        assertThat(claimFrom(found)).isInstanceOf(NothingPending.class);
        assertThat(number("SELECT delivered_position FROM outbox_partition")).isEqualTo(2);
        assertThat(partition.settled(lost.toString())).isFalse();
        assertThat(partition.settled(found.toString())).isTrue();

        String foreign = "9:" + UUID.randomUUID() + ":1";
        Claimed all = (Claimed) claim(new Sighting(List.of(foreign, lost.toString()), true), true);
        assertThat(positions(all))
                .as("an older checkpoint with another term is passed by")
                .containsExactly(1L, 2L);
    }

    @Test
    void each_claim_that_gives_positions_has_a_term_of_its_own() {
        append(3);
        Claimed first = claimFirst(2);
        Claimed second = (Claimed) claimAfter(first, 1);

        assertThat(first.messages()).extracting(OutboxMessage::term).doesNotContain(0);
        assertThat(first.messages().get(0).term()).isEqualTo(last(first).term());
        assertThat(last(second).term()).isNotIn(0, last(first).term());
        Claimed again = (Claimed) claimFrom(null);
        assertThat(again.messages())
                .containsExactly(
                        first.messages().get(0),
                        first.messages().get(1),
                        second.messages().get(0));
    }

    @Test
    void a_checkpoint_without_a_term_as_older_releases_wrote_it_is_known_by_its_position_and_message() {
        append(2);
        Checkpoint now = last(claimFirst(2)).checkpoint();
        String before = now.position() + ":" + now.messageId();

        assertThat(claim(Sighting.newest(before), false)).isInstanceOf(NothingPending.class);
        assertThat(partition.settled(before)).isTrue();
        assertThat(claim(new Sighting(List.of("9:" + UUID.randomUUID() + ":1", before), true), true))
                .isInstanceOfSatisfying(
                        NothingPending.class,
                        nothing -> assertThat(nothing.progress()).returns(0L, ClaimResult.Progress::delivered));
        assertThat(number("SELECT delivered_position FROM outbox_partition")).isEqualTo(2);
        assertThat(claim(Sighting.newest("2:" + UUID.randomUUID()), false)).isInstanceOf(UnknownCheckpoint.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1",
                "1:",
                ":00000000-0000-0000-0000-000000000001",
                "1:1-1-1-1-1",
                "-1:00000000-0000-0000-0000-000000000001",
                "9999999999999999999:00000000-0000-0000-0000-000000000001",
                "1:00000000-0000-0000-0000-000000000001:",
                "1:00000000-0000-0000-0000-000000000001:-1",
                "1:00000000-0000-0000-0000-000000000001:9999999999",
                "1:00000000-0000-0000-0000-000000000001:1:1"
            })
    void a_text_of_another_form_is_no_checkpoint(String text) {
        assertThat(Checkpoint.parse(text)).isNull();
    }

    /** As a restored backup, or a failover that forgets its last transactions: messages are there, their positions are not. */
    private void loseClaims() {
        outbox.jdbc().update("UPDATE outbox_message SET position = NULL, term = 0");
        outbox.jdbc().update("UPDATE outbox_partition SET last_position = 0, delivered_position = 0");
    }

    private Claimed claimFirst(int messages) {
        return (Claimed) claim(Sighting.newest(null), false, Scan.NEW, messages, 100_000);
    }

    private ClaimResult claimAfter(Claimed underWay, int messages) {
        return partition.claim(new ClaimRequest(
                Sighting.newest(null),
                false,
                Scan.NEW,
                messages,
                100_000,
                ClaimRequest.Appended.NOTHING,
                new ClaimRequest.UnderWay(
                        underWay.messages().get(0).position() - 1,
                        last(underWay).checkpoint()),
                RELAY));
    }

    private static List<Long> positions(Claimed claimed) {
        return claimed.messages().stream().map(OutboxMessage::position).toList();
    }

    private Checkpoint lastDelivered() {
        return outbox.jdbc()
                .queryForObject(
                        """
                        SELECT m.position, m.message_id, m.term FROM outbox_message m
                        JOIN outbox_partition p ON p.delivered_position = m.position
                        """, (row, n) -> new Checkpoint(row.getLong(1), row.getObject(2, UUID.class), row.getInt(3)));
    }

    private ClaimResult claimFrom(Checkpoint newest) {
        return claim(Sighting.newest(newest == null ? null : newest.toString()), false);
    }

    private static Sighting all(Checkpoint... newestFirst) {
        return new Sighting(
                List.of(newestFirst).stream().map(Checkpoint::toString).toList(), true);
    }

    private ClaimResult claim(Sighting seen, boolean confirmed) {
        return claim(seen, confirmed, Scan.NEW, 100, 100_000);
    }

    private ClaimResult claim(Sighting seen, boolean confirmed, Scan scan, int messages, long bytes) {
        return partition.claim(
                new ClaimRequest(seen, confirmed, scan, messages, bytes, ClaimRequest.Appended.NOTHING, RELAY));
    }

    private void claim(Sighting seen, ClaimRequest.Appended appended) {
        partition.claim(new ClaimRequest(seen, false, Scan.NEW, 100, 100_000, appended, RELAY));
    }

    private static OutboxMessage last(Claimed claimed) {
        return claimed.messages().get(claimed.messages().size() - 1);
    }

    /** Moves a column's times into the past. */
    private void shift(String update, String column, Duration by) {
        outbox.jdbc()
                .update(update + column + " - INTERVAL '" + by.toMinutes() + "' MINUTE WHERE " + column
                        + " IS NOT NULL");
    }

    private long number(String sql) {
        return outbox.jdbc().queryForObject(sql, Long.class);
    }

    private String row(String sql) {
        return outbox.jdbc().queryForObject(sql, String.class);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

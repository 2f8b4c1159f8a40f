package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.DelegatingQueue;
import ai.hokus.registry.queue.InMemoryMessageQueue;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.EachDatabase;
import ai.hokus.registry.support.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;

/** One pass, on the queue's in-memory twin and every real database. */
class RelayPassTest extends EachDatabase {

    private static final int KEPT = 10;
    private static final int BATCH = 4;

    private TestOutbox outbox;
    private TestPass passes;
    private InMemoryMessageQueue queue = new InMemoryMessageQueue(1000, KEPT);
    private final List<Integer> batches = new ArrayList<>();
    private final List<UUID> parked = new ArrayList<>();

    @BeforeEach
    void freshOutbox() {
        dataSource = database.newMigrated(1);
        outbox = TestOutbox.on(dataSource, Duration.ofHours(1));
        passes = new TestPass(outbox, BATCH);
    }

    @Test
    void everything_pending_reaches_the_queue_in_order_and_is_acknowledged() {
        List<UUID> ids = append(11);

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).containsExactlyElementsOf(ids);
        assertThat(batches).containsExactly(4, 4, 3);
        assertThat(outbox.delivered(0)).isEqualTo(11);
    }

    @Test
    void an_append_whose_answer_was_lost_is_not_repeated() {
        List<UUID> ids = append(6);
        assertThatThrownBy(() -> pass(new LosingQueue(queue, 1))).isInstanceOf(QueueUnavailableException.class);

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).containsExactlyElementsOf(ids);
    }

    @Test
    void a_full_queue_takes_what_it_has_room_for_and_then_stops_the_pass() {
        queue = new InMemoryMessageQueue(6, KEPT);
        List<UUID> ids = append(11);

        assertThat(pass(queue)).isEqualTo(RelayState.QUEUE_FULL);
        assertThat(delivered()).containsExactlyElementsOf(ids.subList(0, 6));

        IntStream.range(0, 3).forEach(n -> queue.take());
        assertThat(pass(queue)).isEqualTo(RelayState.QUEUE_FULL);
        assertThat(delivered()).containsExactlyElementsOf(ids.subList(3, 9));
    }

    @Test
    void after_a_full_queue_one_message_asks_whether_there_is_room() {
        queue = new InMemoryMessageQueue(4, KEPT);
        append(12);
        List<Integer> sizes = new ArrayList<>();
        MessageQueue recording = new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                sizes.add(append.entries().size());
                return super.append(producer, append);
            }
        };
        pass(recording);
        sizes.clear();

        pass(recording);
        assertThat(sizes).containsExactly(1);

        IntStream.range(0, 4).forEach(n -> queue.take());
        pass(recording);
        assertThat(sizes.subList(1, sizes.size())).startsWith(1).contains(3);
    }

    @Test
    void a_capacity_that_is_smaller_than_a_batch_is_kept() {
        queue = new InMemoryMessageQueue(3, KEPT);
        append(5);

        assertThat(pass(queue)).isEqualTo(RelayState.QUEUE_FULL);

        assertThat(queue.elements()).hasSize(3);
    }

    @Test
    void a_message_that_is_refused_alone_is_found_recorded_and_skipped_and_everything_else_flows() {
        List<UUID> ids = append(10);
        queue.refuse(entry -> entry.element().contains(ids.get(5).toString()));

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        List<UUID> others = new ArrayList<>(ids);
        others.remove(5);
        assertThat(delivered()).containsExactlyElementsOf(others);
        assertThat(parked).containsExactly(ids.get(5));
        assertThat(marks()).containsExactly(ids.get(5));
    }

    @Test
    void later_messages_of_a_parked_messages_model_flow_too() {
        UUID bad = outbox.append("same");
        UUID good = outbox.append("same");
        queue.refuse(entry -> entry.element().contains(bad.toString()));

        pass(queue);

        assertThat(delivered()).containsExactly(good);
    }

    @Test
    void a_queue_that_refuses_everything_parks_nothing() {
        append(3);
        MessageQueue refusing = new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                return new AppendResult.Refused("no");
            }
        };

        assertThatThrownBy(() -> pass(refusing))
                .isInstanceOf(QueueUnavailableException.class)
                .hasMessageContaining("empty append");

        assertThat(marks()).isEmpty();
        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);
        assertThat(delivered()).hasSize(3);
    }

    @Test
    void a_discarded_message_is_skipped_when_it_would_be_sent_again() {
        List<UUID> ids = append(3);
        queue.refuse(entry -> entry.element().contains(ids.get(1).toString()));
        pass(queue);
        outbox.jdbc().update("UPDATE outbox_parked SET resolution = 'discarded', resolved_at = CURRENT_TIMESTAMP");
        queue.refuse(entry -> false);
        queue.wipe();

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).containsExactly(ids.get(0), ids.get(2));
    }

    @Test
    void what_the_queue_forgot_is_sent_again_in_one_pass_with_the_same_bytes() {
        append(9);
        pass(queue);
        List<String> before = queue.elements();
        queue.wipe();
        UUID later = outbox.append("later");

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(queue.elements().subList(0, 9)).isEqualTo(before);
        assertThat(delivered().get(9)).isEqualTo(later);
    }

    @Test
    void a_pass_ends_at_a_message_boundary_when_time_is_up() {
        append(9);
        int[] steps = {4}; // each begins an append, and then asks whether to claim ahead

        RelayState state = passes.run(queue, () -> steps[0]-- > 0, LingerPolicy.NONE, new PassObserver() {});

        assertThat(state).isEqualTo(RelayState.DELIVERING);
        assertThat(queue.elements()).hasSize(2 * BATCH);
    }

    @Test
    void a_pass_that_compared_nothing_before_its_time_was_up_does_not_claim_to_know_the_queue() {
        append(1);

        RelayState state = passes.run(queue, () -> false, LingerPolicy.NONE, new PassObserver() {});

        assertThat(state.knowsQueue()).isFalse();
    }

    @Test
    void a_refused_message_is_found_even_if_a_pass_has_time_for_two_steps_only() {
        List<UUID> ids = append(4 * BATCH);
        queue.refuse(entry -> entry.element().contains(ids.get(0).toString()));

        for (int pass = 0; pass < 20; pass++) {
            int[] steps = {2};
            passes.run(queue, () -> steps[0]-- > 0, LingerPolicy.NONE, new PassObserver() {});
        }

        assertThat(marks()).containsExactly(ids.get(0));
        assertThat(delivered()).isEqualTo(ids.subList(1, ids.size()));
    }

    @Test
    void messages_that_come_while_a_scan_is_on_are_not_left_for_the_next_pass() {
        append(2);
        MessageQueue busy = new DelegatingQueue(queue) {
            private int left = 3;

            @Override
            public AppendResult append(ProducerId producer, Append append) {
                if (left-- > 0) {
                    outbox.append("meanwhile");
                }
                return super.append(producer, append);
            }
        };

        assertThat(pass(busy)).isEqualTo(RelayState.IDLE);

        assertThat(queue.elements()).hasSize(5);
    }

    @Test
    void a_pass_lingers_while_messages_of_this_instance_or_of_others_keep_coming() {
        for (boolean signalled : new boolean[] {true, false}) {
            int before = queue.elements().size();
            append(1);

            assertThat(pass(queue, new Trickle(5, signalled))).isEqualTo(RelayState.IDLE);

            assertThat(queue.elements()).hasSize(before + 6);
        }
    }

    @Test
    void a_batch_that_another_relay_appended_meanwhile_is_not_appended_again() {
        List<UUID> ids = append(3 * BATCH);
        TestPass faster = new TestPass(outbox, BATCH);
        boolean[] done = {false};
        MessageQueue slow = new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                if (!done[0]) {
                    done[0] = true;
                    faster.run(queue);
                }
                return super.append(producer, append);
            }
        };

        assertThat(pass(slow)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void while_the_queue_takes_a_batch_the_next_one_is_claimed_and_follows_it() {
        List<UUID> ids = append(2 * BATCH + 1);

        assertThat(passes.appendingOn(newThread()).run(afterBatches(2, () -> {})))
                .isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
        assertThat(outbox.delivered(0)).isEqualTo(ids.size());
    }

    @Test
    void what_was_claimed_ahead_is_not_appended_after_an_append_that_another_relay_was_faster_with() {
        List<UUID> ids = append(3 * BATCH);
        TestPass faster = new TestPass(outbox, BATCH);

        assertThat(passes.appendingOn(newThread()).run(afterBatches(2, () -> faster.run(queue))))
                .isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void what_was_claimed_ahead_is_not_appended_after_an_append_without_an_answer() {
        List<UUID> ids = append(3 * BATCH);
        MessageQueue losing = afterBatches(2, () -> {
            throw new QueueUnavailableException(QueueUnavailableException.Cause.TIMEOUT, "never sent", null);
        });
        assertThatThrownBy(() -> passes.appendingOn(newThread()).run(losing))
                .isInstanceOf(QueueUnavailableException.class);
        assertThat(queue.elements()).isEmpty();

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void a_database_that_fails_while_the_queue_takes_a_batch_ends_the_pass_when_the_queue_has_answered() {
        List<UUID> ids = append(3 * BATCH);
        assertThatThrownBy(() -> new TestPass(outbox, BATCH)
                        .appendingOn(hidingTheLog())
                        .run(afterTheClaimAheadHasFailed(() -> {})))
                .isInstanceOf(DataAccessException.class);
        assertThat(queue.elements()).hasSize(BATCH);
        outbox.jdbc().execute("ALTER TABLE hidden RENAME TO outbox_batch");

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void when_database_and_queue_fail_at_once_both_failures_are_told() {
        append(3 * BATCH);
        MessageQueue failing = afterTheClaimAheadHasFailed(() -> {
            throw new QueueUnavailableException(QueueUnavailableException.Cause.TIMEOUT, "no answer", null);
        });

        assertThatThrownBy(() ->
                        new TestPass(outbox, BATCH).appendingOn(hidingTheLog()).run(failing))
                .isInstanceOf(DataAccessException.class)
                .satisfies(failure -> assertThat(failure.getSuppressed())
                        .singleElement()
                        .isInstanceOf(QueueUnavailableException.class));

        outbox.jdbc().execute("ALTER TABLE hidden RENAME TO outbox_batch");
    }

    @Test
    void an_interrupted_pass_does_not_wait_for_the_queue() {
        List<UUID> ids = append(3 * BATCH);
        Thread pass = Thread.currentThread();
        CountDownLatch answered = new CountDownLatch(1);
        CompletableFuture<Void> appended = new CompletableFuture<>();
        MessageQueue slow = afterBatches(2, () -> {
            pass.interrupt();
            awaitUninterruptibly(answered);
        });
        Executor appender = append -> newThread().execute(() -> {
            append.run();
            appended.complete(null);
        });

        assertThatThrownBy(
                        () -> new TestPass(outbox, BATCH).appendingOn(appender).run(slow))
                .isInstanceOf(QueueUnavailableException.class);
        assertThat(Thread.interrupted()).isTrue();
        answered.countDown();
        appended.join();

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);
        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void the_append_of_a_small_batch_gets_no_thread_of_its_own() {
        List<UUID> ids = append(3 * BATCH);
        Executor none = append -> fail("a thread for an append of " + BATCH);

        assertThat(new TestPass(outbox, BATCH)
                        .appendingOn(none)
                        .claimingAheadFrom(BATCH + 1)
                        .run(queue))
                .isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
    }

    @Test
    void nothing_is_claimed_ahead_when_time_is_up() {
        append(3 * BATCH);
        int[] asked = {0};

        passes.run(queue, () -> asked[0]++ == 0, LingerPolicy.NONE, new PassObserver() {});

        assertThat(queue.elements()).hasSize(BATCH);
        assertThat(outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_batch", Long.class))
                .isEqualTo(1);
    }

    @Test
    void a_batch_that_was_sent_in_pieces_goes_on_where_the_last_piece_ended() {
        queue = new InMemoryMessageQueue(3, KEPT);
        List<UUID> ids = append(BATCH);
        assertThat(pass(queue)).isEqualTo(RelayState.QUEUE_FULL);
        IntStream.range(0, 3).forEach(n -> queue.take());

        assertThat(pass(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).containsExactly(ids.get(3));
        assertThat(outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_batch", Long.class))
                .isEqualTo(1);
    }

    @Test
    void an_instance_that_cannot_read_the_checkpoint_of_a_later_version_does_not_relay_and_heals_nothing() {
        append(2);
        pass(queue);
        String later = "v2:whatever";
        queue.append(
                passes.producer(),
                new Append(
                        queue.newestCheckpoint(passes.producer()).newestFirst().get(0), later, false, List.of()));
        append(1);

        assertThat(pass(queue)).isEqualTo(RelayState.NOT_RELAYING);

        assertThat(queue.elements()).hasSize(2);
        assertThat(outbox.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Long.class))
                .isZero();
    }

    @Test
    void what_a_relay_parked_and_another_delivered_after_all_does_not_stay_marked() {
        List<UUID> ids = append(1);
        queue.refuse(entry -> true);
        MessageQueue dying = new DelegatingQueue(queue) {
            private int appends;

            @Override
            public AppendResult append(ProducerId producer, Append append) {
                if (++appends == 3) { // refused, probed, and now skipped: but the relay dies before it
                    throw new QueueUnavailableException(QueueUnavailableException.Cause.TIMEOUT, "died", null);
                }
                return super.append(producer, append);
            }
        };
        assertThatThrownBy(() -> pass(dying)).isInstanceOf(QueueUnavailableException.class);
        assertThat(marks()).isEqualTo(ids);
        queue.refuse(entry -> false);
        assertThatThrownBy(() -> pass(new LosingQueue(queue, 1))).isInstanceOf(QueueUnavailableException.class);

        assertThat(new TestPass(outbox, BATCH).run(queue)).isEqualTo(RelayState.IDLE);

        assertThat(delivered()).isEqualTo(ids);
        assertThat(marks()).isEmpty();
    }

    private static Executor newThread() {
        return task -> new Thread(task).start();
    }

    /** The first append comes only after so many batches were claimed, and after this was done. */
    private MessageQueue afterBatches(int batches, Runnable before) {
        AtomicBoolean first = new AtomicBoolean(true);
        return new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                if (first.getAndSet(false)) {
                    String count = "SELECT count(*) FROM outbox_batch";
                    Eventually.await(
                            batches + " batches are claimed",
                            () -> outbox.jdbc().queryForObject(count, Integer.class) == batches);
                    before.run();
                }
                return super.append(producer, append);
            }
        };
    }

    /** So that the claim ahead fails. */
    private Executor hidingTheLog() {
        return append -> {
            outbox.jdbc().execute("ALTER TABLE outbox_batch RENAME TO hidden");
            newThread().execute(append);
        };
    }

    /** The first append comes only after the claim of the next batch has failed, and the pass waits for the answer. */
    private MessageQueue afterTheClaimAheadHasFailed(Runnable before) {
        Thread pass = Thread.currentThread();
        return new DelegatingQueue(queue) {
            @Override
            public AppendResult append(ProducerId producer, Append append) {
                Eventually.await("the pass waits for the queue", () -> pass.getState() == Thread.State.WAITING);
                before.run();
                return super.append(producer, append);
            }
        };
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private List<UUID> append(int messages) {
        return IntStream.range(0, messages)
                .mapToObj(n -> outbox.append("model-" + n % 3))
                .toList();
    }

    private RelayState pass(MessageQueue queue) {
        return pass(queue, LingerPolicy.NONE);
    }

    private RelayState pass(MessageQueue queue, LingerPolicy linger) {
        return passes.run(queue, () -> true, linger, new PassObserver() {
            @Override
            public void appended(List<OutboxMessage> messages, Duration took) {
                batches.add(messages.size());
            }

            @Override
            public void parked(OutboxMessage message, String error) {
                parked.add(message.messageId());
            }
        });
    }

    private List<UUID> delivered() {
        return queue.elements().stream()
                .map(element -> UUID.fromString(element.substring(15, 51)))
                .toList();
    }

    private List<UUID> marks() {
        return outbox.jdbc()
                .query(
                        "SELECT m.message_id FROM outbox_parked p JOIN outbox_message m ON m.id = p.id",
                        (row, n) -> row.getObject(1, UUID.class));
    }

    /** Appends, and loses the answer, a number of times. */
    private static final class LosingQueue extends DelegatingQueue {

        private int toLose;

        LosingQueue(MessageQueue queue, int toLose) {
            super(queue);
            this.toLose = toLose;
        }

        @Override
        public AppendResult append(ProducerId producer, Append append) {
            AppendResult result = super.append(producer, append);
            if (toLose-- > 0) {
                throw new QueueUnavailableException(QueueUnavailableException.Cause.TIMEOUT, "lost", null);
            }
            return result;
        }
    }

    @Test
    void a_pass_says_how_many_messages_come_at_once() {
        append(3);
        Trickle linger = new Trickle(1, true);

        assertThat(pass(queue, linger)).isEqualTo(RelayState.IDLE);

        assertThat(linger.batches).containsExactly(3, 1);
    }

    /** A pass that has caught up waits; each wait finds one more message, with a signal or without, and then none. */
    private final class Trickle implements LingerPolicy {

        private final List<Integer> batches = new ArrayList<>();
        private final boolean signalled;
        private int left;

        Trickle(int messages, boolean signalled) {
            this.left = messages;
            this.signalled = signalled;
        }

        @Override
        public void onClaimed(int messages) {
            batches.add(messages);
        }

        @Override
        public boolean shouldLinger() {
            return left > 0;
        }

        @Override
        public boolean awaitCommit() {
            left--;
            outbox.append("later");
            return signalled;
        }
    }
}

package ai.hokus.registry.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.AppendResult.Full;
import ai.hokus.registry.queue.AppendResult.Refused;
import ai.hokus.registry.queue.AppendResult.Stale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every queue does, the real one and its twin. */
public abstract class MessageQueueContract {

    protected final ProducerId producer = new ProducerId(UUID.randomUUID(), 0);

    /** An empty queue. The second one of a test replaces the first. */
    protected abstract MessageQueue queue(long capacity, int checkpoints);

    /** What is in the queue, in the order of consumption. */
    protected abstract List<String> elements();

    protected abstract String take();

    /** An entry that the queue refuses whatever else is in the batch. */
    protected abstract QueueEntry refusedEntry();

    protected final MessageQueue queue() {
        return queue(1_000, 100);
    }

    public static Append append(String expected, String checkpoint, String... elements) {
        return new Append(expected, checkpoint, false, entries(elements));
    }

    public static List<QueueEntry> entries(String... elements) {
        return Stream.of(elements).map(e -> new QueueEntry(e, "about " + e)).toList();
    }

    @Test
    void the_first_append_expects_no_checkpoint_and_leaves_its_own() {
        MessageQueue queue = queue();

        assertThat(queue.allCheckpoints(producer)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
        assertThat(queue.append(producer, append(null, "1:a", "a"))).isEqualTo(new Appended(1, List.of()));
        assertThat(queue.allCheckpoints(producer)).isEqualTo(new Checkpoints(List.of("1:a"), List.of(), 1));
    }

    @Test
    void the_first_entry_is_consumed_first() {
        MessageQueue queue = queue();

        queue.append(producer, append(null, "3:c", "a", "b", "c"));
        queue.append(producer, append("3:c", "4:d", "d"));

        assertThat(elements()).containsExactly("a", "b", "c", "d");
        assertThat(List.of(take(), take(), take(), take())).containsExactly("a", "b", "c", "d");
    }

    @Test
    void an_append_that_expects_another_checkpoint_changes_nothing() {
        MessageQueue queue = queue();
        queue.append(producer, append(null, "1:a", "a"));
        queue.append(producer, append("1:a", "2:b", "b"));

        assertThat(queue.append(producer, append("1:a", "3:c", "c"))).isEqualTo(new Stale("2:b"));

        assertThat(elements()).containsExactly("a", "b");
        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("2:b", "1:a");
    }

    @Test
    void an_append_that_expects_no_checkpoint_where_there_is_one_is_stale() {
        MessageQueue queue = queue();
        queue.append(producer, append(null, "1:a", "a"));

        assertThat(queue.append(producer, append(null, "2:b", "b"))).isEqualTo(new Stale("1:a"));
        assertThat(elements()).containsExactly("a");
    }

    @Test
    void an_append_that_expects_a_checkpoint_where_there_is_none_is_stale() {
        MessageQueue queue = queue();

        assertThat(queue.append(producer, append("1:a", "2:b", "b"))).isEqualTo(new Stale(null));
        assertThat(elements()).isEmpty();
        assertThat(queue.allCheckpoints(producer).newestFirst()).isEmpty();
    }

    @Test
    void the_same_append_sent_twice_happens_once() {
        MessageQueue queue = queue();
        Append append = append(null, "2:b", "a", "b");

        queue.append(producer, append);

        assertThat(queue.append(producer, append)).isEqualTo(new Stale("2:b"));
        assertThat(elements()).containsExactly("a", "b");
    }

    @Test
    void a_batch_without_room_changes_nothing_and_is_told_the_room() {
        MessageQueue queue = queue(3, 100);
        queue.append(producer, append(null, "1:a", "a"));

        assertThat(queue.append(producer, append("1:a", "4:d", "b", "c", "d"))).isEqualTo(new Full(2, 1));

        assertThat(elements()).containsExactly("a");
        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("1:a");
    }

    @Test
    void a_batch_larger_than_the_whole_capacity_is_told_the_capacity() {
        assertThat(queue(2, 100).append(producer, append(null, "3:c", "a", "b", "c")))
                .isEqualTo(new Full(2, 0));
        assertThat(elements()).isEmpty();
    }

    @Test
    void a_queue_can_be_filled_to_the_last_element_and_no_further() {
        MessageQueue queue = queue(2, 100);

        assertThat(queue.append(producer, append(null, "2:b", "a", "b"))).isEqualTo(new Appended(2, List.of()));
        assertThat(queue.append(producer, append("2:b", "3:c", "c"))).isEqualTo(new Full(0, 2));
        take();
        assertThat(queue.append(producer, append("2:b", "3:c", "c"))).isEqualTo(new Appended(2, List.of()));
    }

    @Test
    void a_stale_append_to_a_full_queue_is_stale() {
        MessageQueue queue = queue(1, 100);
        queue.append(producer, append(null, "1:a", "a"));

        assertThat(queue.append(producer, append(null, "2:b", "b"))).isEqualTo(new Stale("1:a"));
    }

    @Test
    void zero_entries_move_the_checkpoint_even_of_a_full_queue() {
        MessageQueue queue = queue(1, 100);
        queue.append(producer, append(null, "1:a", "a"));

        assertThat(queue.append(producer, append("1:a", "2:skipped"))).isEqualTo(new Appended(1, List.of()));

        assertThat(elements()).containsExactly("a");
        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("2:skipped", "1:a");
    }

    @Test
    void a_refused_entry_leaves_nothing_of_its_batch() {
        MessageQueue queue = queue();
        QueueEntry refused = refusedEntry();
        List<QueueEntry> batch =
                List.of(entries("a").get(0), refused, entries("c").get(0));

        assertThat(queue.append(producer, new Append(null, "3:c", false, batch)))
                .isInstanceOf(Refused.class);

        assertThat(elements()).isEmpty();
        assertThat(queue.allCheckpoints(producer).newestFirst()).isEmpty();
        assertThat(queue.append(producer, append(null, "1:a", "a"))).isInstanceOf(Appended.class);
        assertThat(queue.append(producer, new Append("1:a", "2:b", false, List.of(refused))))
                .isInstanceOf(Refused.class);
        assertThat(queue.append(producer, append("1:a", "2:b"))).isInstanceOf(Appended.class);
    }

    @Test
    void a_batch_with_a_refused_entry_is_compared_and_measured_first() {
        MessageQueue queue = queue(1, 100);
        QueueEntry refused = refusedEntry();
        queue.append(producer, append(null, "1:a", "a"));

        assertThat(queue.append(producer, new Append(null, "2:b", false, List.of(refused))))
                .isEqualTo(new Stale("1:a"));
        assertThat(queue.append(producer, new Append("1:a", "2:b", false, List.of(refused))))
                .isEqualTo(new Full(0, 1));
    }

    @Test
    void only_the_newest_checkpoints_are_kept() {
        MessageQueue queue = queue(1_000, 3);
        String newest = null;
        for (int i = 1; i <= 5; i++) {
            String checkpoint = i + ":m";
            assertThat(queue.append(producer, append(newest, checkpoint, "m" + i)))
                    .isInstanceOf(Appended.class);
            newest = checkpoint;
        }

        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("5:m", "4:m", "3:m");
        assertThat(queue.newestCheckpoint(producer).newestFirst()).containsExactly("5:m");
    }

    @Test
    void one_kept_checkpoint_is_enough_to_go_on() {
        MessageQueue queue = queue(1_000, 1);
        queue.append(producer, append(null, "1:a", "a"));
        queue.append(producer, append("1:a", "2:b", "b"));

        assertThat(queue.allCheckpoints(producer).newestFirst()).containsExactly("2:b");
        assertThat(queue.append(producer, append("2:b", "3:c", "c"))).isEqualTo(new Appended(3, List.of()));
    }

    @Test
    void milestones_are_kept_when_newer_checkpoints_push_out_the_others() {
        MessageQueue queue = queue(1_000, 2);
        String newest = null;
        for (int i = 1; i <= 7; i++) {
            String checkpoint = i + ":m";
            queue.append(producer, new Append(newest, checkpoint, i % 2 == 1, entries("m" + i)));
            newest = checkpoint;
        }

        Checkpoints all = queue.allCheckpoints(producer);
        assertThat(all.newestFirst()).containsExactly("7:m", "6:m");
        assertThat(all.milestones()).containsExactly("7:m", "5:m");
        assertThat(queue.newestCheckpoint(producer)).isEqualTo(new Checkpoints(List.of("7:m"), List.of(), 7));
    }

    @Test
    void a_milestone_that_was_refused_is_none() {
        MessageQueue queue = queue();

        queue.append(producer, new Append(null, "1:a", true, List.of(refusedEntry())));

        assertThat(queue.allCheckpoints(producer)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
    }

    @Test
    void producers_share_the_queue_and_not_their_checkpoints() {
        MessageQueue queue = queue();
        ProducerId sameOutbox = new ProducerId(producer.outbox(), 1);
        ProducerId otherOutbox = new ProducerId(UUID.randomUUID(), 0);

        queue.append(producer, append(null, "1:a", "a"));
        queue.append(sameOutbox, append(null, "1:b", "b"));
        queue.append(otherOutbox, append(null, "1:c", "c"));
        queue.append(producer, append("1:a", "2:d", "d"));

        assertThat(elements()).containsExactly("a", "b", "c", "d");
        assertThat(queue.allCheckpoints(producer)).isEqualTo(new Checkpoints(List.of("2:d", "1:a"), List.of(), 4));
        assertThat(queue.allCheckpoints(sameOutbox)).isEqualTo(new Checkpoints(List.of("1:b"), List.of(), 4));
        assertThat(queue.allCheckpoints(otherOutbox)).isEqualTo(new Checkpoints(List.of("1:c"), List.of(), 4));
    }

    @Test
    void the_depth_counts_what_is_there_now() {
        MessageQueue queue = queue();
        queue.append(producer, append(null, "3:c", "a", "b", "c"));
        take();

        assertThat(queue.newestCheckpoint(producer).depth()).isEqualTo(2);
        take();
        take();
        assertThat(queue.newestCheckpoint(producer)).isEqualTo(new Checkpoints(List.of("3:c"), List.of(), 0));
        assertThat(queue.append(producer, append("3:c", "4:d", "d"))).isEqualTo(new Appended(1, List.of()));
    }

    @Test
    void elements_arrive_character_for_character() {
        String[] elements = {
            "{\"name\":\"Modèle – 模型 \uD83D\uDE80\"}", "", " \t\r\n", "a\u0000b", "\"\\u00e9\\\"", "100", "*1\r\n$3\r\n"
        };

        queue().append(producer, append(null, "7:x", elements));

        assertThat(elements()).containsExactly(elements);
    }

    @Test
    void the_largest_batch_goes_in_whole() {
        String[] elements =
                IntStream.range(0, Append.MAX_ENTRIES).mapToObj(i -> "m" + i).toArray(String[]::new);

        assertThat(queue(10_000, 100).append(producer, append(null, "5000:x", elements)))
                .isEqualTo(new Appended(5_000, List.of()));

        assertThat(elements()).containsExactly(elements);
    }

    @Test
    void a_larger_batch_is_a_mistake_of_the_caller() {
        String[] elements = new String[Append.MAX_ENTRIES + 1];
        Arrays.fill(elements, "m");

        assertThatIllegalArgumentException().isThrownBy(() -> append(null, "5001:x", elements));
        assertThatIllegalArgumentException().isThrownBy(() -> append(null, " ", "a"));
    }

    @Test
    void of_concurrent_appends_with_the_same_expectation_exactly_one_happens() throws Exception {
        MessageQueue queue = queue();
        queue.append(producer, append(null, "0:start"));
        int writers = 8;
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        List<Future<AppendResult>> answers = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
            String me = "writer" + i;
            answers.add(threads.submit(() -> {
                go.await();
                return queue.append(producer, append("0:start", "1:" + me, me));
            }));
        }
        go.countDown();
        List<AppendResult> results = new ArrayList<>();
        for (Future<AppendResult> answer : answers) {
            results.add(answer.get());
        }
        threads.shutdown();

        assertThat(elements()).hasSize(1);
        String winner = "1:" + elements().get(0);
        List<AppendResult> expected = new ArrayList<>(Collections.nCopies(writers - 1, new Stale(winner)));
        expected.add(new Appended(1, List.of()));
        assertThat(results).containsExactlyInAnyOrderElementsOf(expected);
    }
}

package ai.hokus.registry.queue;

import static ai.hokus.registry.queue.MessageQueueContract.append;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.QueueSnapshot.Listed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the view of consumers' lists does, on the real queue and on its twin. */
public abstract class ConsumerListsContract {

    protected final ProducerId producer = new ProducerId(UUID.randomUUID(), 0);

    /** Of an empty queue with room for three elements. */
    protected abstract MessageQueue queue();

    /** Of the same queue. */
    protected abstract ConsumerLists lists();

    /** As a consumer does with what it takes, or gives up. */
    protected abstract void push(ConsumerList list, String element);

    /** What is in the queue, in the order of consumption. */
    protected abstract List<String> elements();

    @Test
    void nothing_is_there_at_first() {
        assertThat(lists().queueDepth()).isZero();
        assertThat(lists().snapshot(List.of(producer)))
                .isEqualTo(new QueueSnapshot(0, new Listed(0, List.of()), new Listed(0, List.of()), Map.of(), null));
    }

    @Test
    void a_snapshot_has_the_lists_and_the_newest_checkpoints_of_who_has_one() {
        ProducerId other = new ProducerId(producer.outbox(), 1);
        queue().append(producer, append(null, "1:a", "a"));
        queue().append(producer, append("1:a", "2:b", "b"));
        push(ConsumerList.PROCESSING, "taken first");
        push(ConsumerList.PROCESSING, "taken second");
        push(ConsumerList.DLQ, "given up");

        assertThat(lists().queueDepth()).isEqualTo(2);
        assertThat(lists().snapshot(List.of(producer, other)))
                .isEqualTo(new QueueSnapshot(
                        2,
                        new Listed(2, List.of("taken first", "taken second")),
                        new Listed(1, List.of("given up")),
                        Map.of(producer, "2:b"),
                        null));
    }

    @Test
    void of_a_long_list_the_oldest_are_looked_at_and_all_are_counted() {
        IntStream.rangeClosed(1, 1_005).forEach(n -> push(ConsumerList.PROCESSING, "element " + n));

        Listed list = lists().snapshot(List.of()).processing();

        assertThat(list.depth()).isEqualTo(1_005);
        assertThat(list.oldestFirst())
                .isEqualTo(IntStream.rangeClosed(1, 1_000)
                        .mapToObj(n -> "element " + n)
                        .toList());
    }

    @Test
    void large_elements_are_looked_at_as_far_as_their_bytes_go() {
        String large = "x".repeat(ConsumerLists.MAX_BYTES / 4);
        IntStream.range(0, 30).forEach(n -> push(ConsumerList.DLQ, large + n));

        Listed list = lists().snapshot(List.of()).dlq();

        assertThat(list.depth()).isEqualTo(30);
        assertThat(list.oldestFirst()).hasSizeBetween(4, 10);
        assertThat(list.oldestFirst().get(0)).endsWith("x0");
    }

    @Test
    void what_is_put_back_is_taken_next_whatever_the_capacity() {
        queue().append(producer, append(null, "3:c", "a", "b", "c"));
        push(ConsumerList.PROCESSING, "stuck");
        push(ConsumerList.PROCESSING, "at work");

        assertThat(lists().putBack(ConsumerList.PROCESSING, List.of("stuck"), List.of("stuck")))
                .isEqualTo(1);

        assertThat(elements()).containsExactly("stuck", "a", "b", "c");
        assertThat(lists().snapshot(List.of(producer)))
                .isEqualTo(new QueueSnapshot(
                        4, new Listed(1, List.of("at work")), new Listed(0, List.of()), Map.of(producer, "3:c"), null));
    }

    @Test
    void a_dead_letter_can_become_another_text() {
        push(ConsumerList.DLQ, "{\"original_message\":\"m\"}");

        assertThat(lists().putBack(ConsumerList.DLQ, List.of("{\"original_message\":\"m\"}"), List.of("m")))
                .isEqualTo(1);

        assertThat(elements()).containsExactly("m");
        assertThat(lists().snapshot(List.of()).dlq().depth()).isZero();
    }

    @Test
    void what_is_no_longer_there_is_not_put_back() {
        queue().append(producer, append(null, "1:a", "a"));
        push(ConsumerList.DLQ, "m");
        push(ConsumerList.PROCESSING, "other");

        assertThat(lists().putBack(ConsumerList.PROCESSING, List.of("m"), List.of("m")))
                .isZero();
        assertThat(lists().putBack(ConsumerList.PROCESSING, List.of("othe"), List.of("othe")))
                .isZero();

        assertThat(elements()).containsExactly("a");
        assertThat(lists().snapshot(List.of()).processing().depth()).isEqualTo(1);
        assertThat(lists().snapshot(List.of()).dlq().depth()).isEqualTo(1);
    }

    @Test
    void of_several_the_first_is_taken_first_and_what_is_no_longer_there_is_left_out() {
        queue().append(producer, append(null, "1:a", "a"));
        List.of("m", "n", "o").forEach(element -> push(ConsumerList.DLQ, element));

        assertThat(lists().putBack(ConsumerList.DLQ, List.of("m", "gone", "o"), List.of("M", "a", "O")))
                .isEqualTo(2);

        assertThat(elements()).containsExactly("M", "O", "a");
        assertThat(lists().snapshot(List.of()).dlq().oldestFirst()).containsExactly("n");
    }

    /** Each that is gone costs a search of the whole list, however long it is. */
    @Test
    void after_ten_that_are_gone_the_others_stay() {
        queue().append(producer, append(null, "1:a", "a"));
        List.of("m", "n", "o").forEach(element -> push(ConsumerList.DLQ, element));
        List<String> elements = new ArrayList<>(List.of("m"));
        elements.addAll(Collections.nCopies(9, "gone"));
        elements.addAll(List.of("n", "gone too", "o", "a"));

        assertThat(lists().putBack(ConsumerList.DLQ, elements, elements)).isEqualTo(2);

        assertThat(elements()).containsExactly("m", "n", "a");
        assertThat(lists().snapshot(List.of()).dlq().oldestFirst()).containsExactly("o");
    }

    @Test
    void of_equal_elements_one_goes() {
        push(ConsumerList.PROCESSING, "m");
        push(ConsumerList.PROCESSING, "n");
        push(ConsumerList.PROCESSING, "m");

        assertThat(lists().putBack(ConsumerList.PROCESSING, List.of("m"), List.of("m")))
                .isEqualTo(1);

        assertThat(elements()).containsExactly("m");
        assertThat(lists().snapshot(List.of()).processing().oldestFirst()).containsExactly("n", "m");
    }
}

package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.MessageQueueContract;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** The contract on a real Redis, and what only Redis has: the bytes, the keys, the channel. */
class RedisMessageQueueTest extends MessageQueueContract {

    private final RedisConnection consumer = RedisConnection.to(port());
    private String name;
    private RedisMessageQueue queue;

    /** Of the server, on the loopback interface. */
    int port() {
        return TestRedis.shared().port();
    }

    @Override
    protected MessageQueue queue(long capacity, int checkpoints) {
        return open(TestRedis.freshName("queue"), capacity, checkpoints, false);
    }

    private RedisMessageQueue open(String queueName, long capacity, int checkpoints, boolean notifications) {
        closeQueue();
        name = queueName;
        Duration timeout = Duration.ofSeconds(5);
        queue = new RedisMessageQueue(
                new QueueSettings(
                        name, capacity, checkpoints, notifications, timeout, timeout, 2, DataSize.ofKilobytes(64)),
                TestQueue.redis("127.0.0.1", port(), false, null, null, 0, false));
        return queue;
    }

    @AfterEach
    void close() {
        closeQueue();
        consumer.close();
    }

    private void closeQueue() {
        if (queue != null) {
            queue.close();
            consumer.command("DEL", name);
        }
    }

    @Override
    protected List<String> elements() {
        List<String> leftToRight = consumer.texts("LRANGE", name, "0", "-1");
        Collections.reverse(leftToRight);
        return leftToRight;
    }

    /** As the consumers do. */
    @Override
    protected String take() {
        String element = (String) consumer.command("BRPOPLPUSH", name, name + ":processing", "5");
        consumer.command("LREM", name + ":processing", "1", element);
        return element;
    }

    /** More UTF-8 than the limit of 64 kB, in fewer characters. */
    @Override
    protected QueueEntry refusedEntry() {
        return new QueueEntry("é".repeat(33 * 1024), "");
    }

    @Test
    void an_element_of_exactly_the_largest_size_is_taken() {
        String largest = "é".repeat(32 * 1024);

        assertThat(queue().append(producer, append(null, "1:a", largest))).isInstanceOf(Appended.class);
        assertThat(elements()).containsExactly(largest);
    }

    @Test
    void checkpoints_lie_beside_the_queue_in_its_hash_slot() {
        queue().append(producer, append(null, "1:a", "a"));

        assertThat(consumer.texts("LRANGE", "{" + name + "}:outbox:" + producer.outbox() + ":0", "0", "-1"))
                .containsExactly("1:a");
    }

    @Test
    void a_queue_name_with_a_hash_tag_lends_it_to_the_checkpoints() {
        String tagged = "{" + TestRedis.freshName("tag") + "}:queue";
        open(tagged, 10, 10, false).append(producer, append(null, "1:a", "a"));

        assertThat(consumer.texts("LRANGE", tagged + ":outbox:" + producer.outbox() + ":0", "0", "-1"))
                .containsExactly("1:a");
    }

    @Test
    void more_elements_than_lua_can_pass_on_are_refused_and_nothing_is_written() {
        queue();
        List<String> words =
                new java.util.ArrayList<>(List.of("EVAL", RedisScripts.APPEND, "3", name, name + ":c", name + ":m"));
        words.addAll(List.of("", "8000:a", "100000", "100", "0", "", "8000"));
        java.util.Collections.addAll(words, "x ".repeat(8_000).split(" "));

        assertThatThrownBy(() -> consumer.command(words.toArray(String[]::new))).hasMessageContaining("at most 5000");

        assertThat(consumer.texts("KEYS", "*" + name + "*")).isEmpty();
    }

    @Test
    void an_append_leaves_keys_that_never_expire() {
        queue().append(producer, new Append(null, "1:a", true, entries("a")));

        List<String> keys = consumer.texts("KEYS", "*" + name + "*");
        assertThat(keys).hasSize(3);
        assertThat(keys)
                .allSatisfy(key -> assertThat(consumer.command("TTL", key)).isEqualTo(-1L));
    }

    @Test
    void subscribers_are_told_of_each_message_in_order_when_notifications_are_on() {
        MessageQueue notifying = open(TestRedis.freshName("queue"), 10, 10, true);
        try (RedisConnection subscriber = RedisConnection.to(port())) {
            subscriber.command("SUBSCRIBE", name + ":pubsub");

            notifying.append(producer, append(null, "2:b", "a", "b"));

            assertThat(subscriber.next()).isEqualTo(List.of("message", name + ":pubsub", "about a"));
            assertThat(subscriber.next()).isEqualTo(List.of("message", name + ":pubsub", "about b"));
            assertThat(elements()).containsExactly("a", "b");
        }
    }

    @Test
    void nobody_is_told_when_notifications_are_off() {
        MessageQueue silent = queue();
        try (RedisConnection subscriber = RedisConnection.to(port())) {
            subscriber.command("SUBSCRIBE", name + ":pubsub");

            silent.append(producer, append(null, "1:a", "a"));

            consumer.command("PUBLISH", name + ":pubsub", "the first one");
            assertThat(subscriber.next()).isEqualTo(List.of("message", name + ":pubsub", "the first one"));
        }
    }
}

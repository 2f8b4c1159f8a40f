package ai.hokus.registry.queue.redis;

import static ai.hokus.registry.queue.MessageQueueContract.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.ConsumerListsContract;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueSnapshot;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** The contract on a real Redis, and what only Redis has: rights, types, memory, clusters. */
class RedisConsumerListsTest extends ConsumerListsContract {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final TestRedis server = TestRedis.start("maxmemory 100mb");
    private final RedisConnection consumer = server.connect();
    private final QueueSettings settings = settings("q");
    private final RedisMessageQueue queue = new RedisMessageQueue(settings, redis("default", null, false));
    private final RedisConsumerLists lists = new RedisConsumerLists(settings, redis("default", null, false));

    private static QueueSettings settings(String name) {
        return new QueueSettings(name, 3, 100, false, TIMEOUT, TIMEOUT, 2, DataSize.ofMegabytes(1));
    }

    private RedisSettings redis(String user, String password, boolean cluster) {
        return TestQueue.redis(
                server.host(), server.port(), false, password == null ? null : user, password, 0, cluster);
    }

    @AfterEach
    void stop() {
        lists.close();
        queue.close();
        consumer.close();
        server.close();
    }

    @Override
    protected MessageQueue queue() {
        return queue;
    }

    @Override
    protected ConsumerLists lists() {
        return lists;
    }

    @Override
    protected void push(ConsumerList list, String element) {
        consumer.command("LPUSH", list.key("q"), element);
    }

    @Override
    protected List<String> elements() {
        List<String> leftToRight = consumer.texts("LRANGE", "q", "0", "-1");
        Collections.reverse(leftToRight);
        return leftToRight;
    }

    @Test
    void what_brpoplpush_moves_is_in_the_list() {
        queue.append(producer, append(null, "2:b", "a", "b"));
        consumer.command("BRPOPLPUSH", "q", "q:processing", "1");

        QueueSnapshot snapshot = lists.snapshot(List.of());

        assertThat(snapshot.depth()).isEqualTo(1);
        assertThat(snapshot.processing().oldestFirst()).containsExactly("a");
    }

    @Test
    void a_consumer_that_waits_is_given_what_is_put_back() {
        push(ConsumerList.PROCESSING, "stuck");
        try (RedisConnection waiting = server.connect()) {
            Thread answer = new Thread(() -> waiting.command("BRPOPLPUSH", "q", "q:processing", "30"));
            answer.start();
            Eventually.await(
                    "it waits",
                    () -> consumer.command("INFO", "clients").toString().contains("blocked_clients:1"));

            assertThat(lists.putBack(ConsumerList.PROCESSING, List.of("stuck"), List.of("again")))
                    .isEqualTo(1);

            Eventually.await("it has it", () -> !answer.isAlive());
        }
        assertThat(consumer.texts("LRANGE", "q:processing", "0", "-1")).containsExactly("again");
    }

    /** The element is in its list or in the queue, and in one of them only, whichever right is missing. */
    @ParameterizedTest
    @ValueSource(strings = {"+rpush", "+lrem", "+ltrim", "+eval", "%W~q", "%W~q:processing"})
    void without_one_of_the_rights_nothing_is_put_back_and_nothing_is_lost(String missing) {
        push(ConsumerList.PROCESSING, "m");
        List<String> rights = new ArrayList<>(
                List.of("+eval", "+rpush", "+lrem", "+ltrim", "%R~q", "%W~q", "%R~q:processing", "%W~q:processing"));
        rights.remove(missing);
        try (RedisConsumerLists restricted = as(rights)) {
            QueueUnavailableException failure = catchThrowableOfType(
                    QueueUnavailableException.class,
                    () -> restricted.putBack(ConsumerList.PROCESSING, List.of("m"), List.of("m")));

            assertThat(failure).isNotNull();
            assertThat(failure.kind()).as("%s", failure).isEqualTo(Cause.PERMISSION);
        }
        assertThat(consumer.texts("LRANGE", "q:processing", "0", "-1")).containsExactly("m");
        assertThat(elements()).isEmpty();
    }

    /** EVAL itself asks for the right to read and to write every key that it names. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "+llen",
                "+lrange",
                "+lindex",
                "+ltrim",
                "+eval",
                "~q",
                "~q:processing",
                "~q:dlq",
                "~{q}:outbox:absent"
            })
    void without_one_of_the_rights_the_lists_are_not_known(String missing) {
        push(ConsumerList.PROCESSING, "m");
        List<String> rights = new ArrayList<>(List.of(
                "+eval",
                "+llen",
                "+lrange",
                "+lindex",
                "+ltrim",
                "~q",
                "~q:processing",
                "~q:dlq",
                "~" + settings.absentKey(),
                "~" + settings.checkpointsKey(producer)));
        try (RedisConsumerLists reader = as(rights)) {
            assertThat(reader.snapshot(List.of(producer)).processing().depth()).isEqualTo(1);
        }
        rights.remove(missing);
        try (RedisConsumerLists restricted = as(rights)) {
            QueueUnavailableException failure =
                    catchThrowableOfType(QueueUnavailableException.class, () -> restricted.snapshot(List.of(producer)));

            assertThat(failure).isNotNull();
            assertThat(failure.kind()).as("%s", failure).isEqualTo(Cause.PERMISSION);
        }
    }

    private RedisConsumerLists as(List<String> rights) {
        List<String> words =
                new ArrayList<>(List.of("ACL", "SETUSER", "operator", "reset", "on", ">secret", "-@all", "+ping"));
        words.addAll(rights);
        consumer.command(words.toArray(String[]::new));
        return new RedisConsumerLists(settings, redis("operator", "secret", false));
    }

    @Test
    void a_list_of_another_type_is_said_to_be_one() {
        consumer.command("SET", "q:dlq", "text");
        push(ConsumerList.PROCESSING, "m");

        assertThat(catchThrowableOfType(QueueUnavailableException.class, () -> lists.snapshot(List.of()))
                        .kind())
                .isEqualTo(Cause.WRONG_TYPE);
        assertThat(catchThrowableOfType(
                                QueueUnavailableException.class,
                                () -> lists.putBack(ConsumerList.DLQ, List.of("text"), List.of("text")))
                        .kind())
                .isEqualTo(Cause.WRONG_TYPE);
        assertThat(elements()).isEmpty();
    }

    /** It takes no more memory in the queue than it did in the list. */
    @Test
    void an_element_goes_back_while_memory_is_full() {
        push(ConsumerList.PROCESSING, "m");
        consumer.command("CONFIG", "SET", "maxmemory", "1");

        assertThat(lists.putBack(ConsumerList.PROCESSING, List.of("m"), List.of("m")))
                .isEqualTo(1);

        assertThat(consumer.command("LLEN", "q:processing")).isEqualTo(0L);
        assertThat(elements()).containsExactly("m");
    }

    @Test
    void a_replica_shows_nothing_old_and_puts_nothing_back() {
        push(ConsumerList.PROCESSING, "m");
        consumer.command("REPLICAOF", "127.0.0.1", "1");

        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> lists.putBack(ConsumerList.PROCESSING, List.of("m"), List.of("m")),
                () -> lists.snapshot(List.of()),
                lists::queueDepth)) {
            QueueUnavailableException failure = catchThrowableOfType(QueueUnavailableException.class, call);
            assertThat(failure).isNotNull();
            assertThat(failure.kind()).as("%s", failure).isEqualTo(Cause.READ_ONLY);
        }
    }

    /** No command reaches two slots at once, that of a consumer included. */
    @Test
    void in_a_cluster_without_a_hash_tag_there_are_depths_only() {
        try (TestRedis node = TestRedis.start("cluster-enabled yes", "cluster-announce-ip 127.0.0.1")) {
            node.run("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
            Eventually.await(
                    "the cluster serves",
                    () -> node.run("CLUSTER", "INFO").toString().contains("cluster_state:ok"));
            node.run("LPUSH", "q", "a");
            node.run("LPUSH", "q:dlq", "m");
            node.run("LPUSH", "{q}:processing", "n");
            RedisSettings cluster = TestQueue.redis(node.host(), node.port(), false, null, null, 0, true);
            try (RedisConsumerLists apart = new RedisConsumerLists(settings, cluster);
                    RedisConsumerLists tagged = new RedisConsumerLists(settings("{q}"), cluster)) {
                QueueSnapshot snapshot = apart.snapshot(List.of(producer));
                assertThat(snapshot.depth()).isEqualTo(1);
                assertThat(snapshot.dlq()).isEqualTo(new QueueSnapshot.Listed(1, List.of()));
                assertThat(snapshot.limitation()).contains("hash tag");
                assertThat(catchThrowableOfType(
                                QueueUnavailableException.class,
                                () -> apart.putBack(ConsumerList.DLQ, List.of("m"), List.of("m"))))
                        .hasMessageContaining("hash tag");

                assertThat(tagged.snapshot(List.of(producer)).processing().oldestFirst())
                        .containsExactly("n");
                assertThat(tagged.putBack(ConsumerList.PROCESSING, List.of("n"), List.of("n")))
                        .isEqualTo(1);
                assertThat(node.run("LRANGE", "{q}", "0", "-1")).isEqualTo(List.of("n"));
            }
        }
    }
}

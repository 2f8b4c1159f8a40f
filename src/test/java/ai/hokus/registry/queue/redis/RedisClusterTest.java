package ai.hokus.registry.queue.redis;

import static ai.hokus.registry.queue.MessageQueueContract.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.AppendResult.Stale;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Cluster mode: both keys in one slot, slots that nobody serves, and a mode that is not the server's. */
class RedisClusterTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

    private static final QueueSettings SETTINGS =
            new QueueSettings("hokusai:q", 10, 10, true, TIMEOUT, TIMEOUT, 2, DataSize.ofMegabytes(1));

    private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
    private TestRedis server;
    private RedisMessageQueue queue;

    @BeforeEach
    void start() {
        server = TestRedis.start("cluster-enabled yes", "cluster-announce-ip 127.0.0.1");
        queue = new RedisMessageQueue(
                SETTINGS, TestQueue.redis(server.host(), server.port(), false, null, null, 0, true));
    }

    @AfterEach
    void stop() {
        queue.close();
        server.close();
    }

    @Test
    void an_append_works_as_on_a_single_server() {
        serveAllSlots();

        assertThat(queue.append(source, append(null, "2:b", "a", "b"))).isEqualTo(new Appended(2, List.of()));
        assertThat(queue.append(source, append(null, "2:b", "a", "b"))).isEqualTo(new Stale("2:b"));
        assertThat(queue.allCheckpoints(source)).isEqualTo(new Checkpoints(List.of("2:b"), List.of(), 2));
    }

    @Test
    void a_cluster_that_serves_no_slots_is_waited_for() {
        QueueUnavailableException failure =
                catchThrowableOfType(QueueUnavailableException.class, () -> queue.newestCheckpoint(source));
        assertThat(failure.kind()).isIn(Cause.NOT_READY, Cause.UNREACHABLE);

        serveAllSlots();

        assertThat(untilItAnswers()).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
    }

    /** Another node has the queue's slot, and the client was not told that there are several. */
    @Test
    void a_cluster_that_is_taken_for_a_single_server_is_named() {
        try (TestRedis other = TestRedis.start("cluster-enabled yes", "cluster-announce-ip 127.0.0.1")) {
            twoNodes(other);
            int without = slotOwner("hokusai:q") == server.port() ? other.port() : server.port();
            try (RedisMessageQueue single = new RedisMessageQueue(
                    SETTINGS, TestQueue.redis("127.0.0.1", without, false, null, null, 0, false))) {
                QueueUnavailableException failure =
                        catchThrowableOfType(QueueUnavailableException.class, () -> single.newestCheckpoint(source));
                assertThat(failure).hasMessageContaining("Set REDIS_CLUSTER=true.");
                assertThat(catchThrowableOfType(
                                QueueUnavailableException.class, () -> single.append(source, append(null, "1:a", "a"))))
                        .hasMessageContaining("Set REDIS_CLUSTER=true.");
            }
            try (RedisMessageQueue cluster = new RedisMessageQueue(
                    SETTINGS, TestQueue.redis("127.0.0.1", without, false, null, null, 0, true))) {
                assertThat(untilItAnswers(cluster)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
            }
        }
    }

    @Test
    void a_single_server_that_is_taken_for_a_cluster_is_named() {
        TestRedis single = TestRedis.shared();
        try (RedisMessageQueue cluster = new RedisMessageQueue(
                SETTINGS, TestQueue.redis(single.host(), single.port(), false, null, null, 0, true))) {
            QueueUnavailableException failure =
                    catchThrowableOfType(QueueUnavailableException.class, () -> cluster.newestCheckpoint(source));
            assertThat(failure).hasMessageContaining("Set REDIS_CLUSTER=false, or remove it.");
        }
    }

    private void twoNodes(TestRedis other) {
        server.run("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
        other.run("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
        server.run("CLUSTER", "MEET", "127.0.0.1", Integer.toString(other.port()));
        Eventually.await(
                "both know each other",
                () -> List.of(server, other).stream()
                        .allMatch(node -> ((String) node.run("CLUSTER", "INFO")).contains("cluster_state:ok")));
    }

    private int slotOwner(String key) {
        long slot = (Long) server.run("CLUSTER", "KEYSLOT", key);
        for (Object each : (List<?>) server.run("CLUSTER", "SLOTS")) {
            List<?> range = (List<?>) each;
            if ((Long) range.get(0) <= slot && slot <= (Long) range.get(1)) {
                return Math.toIntExact((Long) ((List<?>) range.get(2)).get(1));
            }
        }
        throw new AssertionError("nobody serves slot " + slot);
    }

    private void serveAllSlots() {
        try (RedisConnection operator = server.connect()) {
            operator.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
            long start = System.nanoTime();
            while (!((String) operator.command("CLUSTER", "INFO")).contains("cluster_state:ok")) {
                assertThat(System.nanoTime() - start).isLessThan(PATIENCE_NANOS);
                Thread.onSpinWait();
            }
        }
    }

    private Checkpoints untilItAnswers() {
        return untilItAnswers(queue);
    }

    private Checkpoints untilItAnswers(RedisMessageQueue queue) {
        long start = System.nanoTime();
        while (true) {
            try {
                return queue.newestCheckpoint(source);
            } catch (QueueUnavailableException e) {
                assertThat(System.nanoTime() - start).as("%s", e.getMessage()).isLessThan(PATIENCE_NANOS);
            }
        }
    }
}

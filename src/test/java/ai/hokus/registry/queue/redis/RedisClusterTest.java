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
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Cluster mode, on a cluster of one node: both keys in one slot, and slots that nobody serves. */
class RedisClusterTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

    private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
    private TestRedis server;
    private RedisMessageQueue queue;

    @BeforeEach
    void start() {
        server = TestRedis.start("cluster-enabled yes", "cluster-announce-ip 127.0.0.1");
        queue = new RedisMessageQueue(
                new QueueSettings("hokusai:q", 10, 10, true, TIMEOUT, TIMEOUT, 2, DataSize.ofMegabytes(1)),
                new RedisSettings(server.host(), server.port(), false, null, null, 0, true));
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

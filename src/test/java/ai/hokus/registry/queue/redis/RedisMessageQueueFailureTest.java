package ai.hokus.registry.queue.redis;

import static ai.hokus.registry.queue.MessageQueueContract.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.AppendResult.Stale;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.util.unit.DataSize;

/** Every way in which a real Redis says no: what the caller is told, and that nothing is half done. */
class RedisMessageQueueFailureTest {

    private static final String NAME = "q";
    private static final QueueSettings SETTINGS = settings(Duration.ofSeconds(5));

    /** For the tests that wait for it to pass. */
    private static final QueueSettings IMPATIENT = settings(Duration.ofMillis(300));

    /** A loaded build machine may be this much slower than the bound, never unbounded. */
    private static final int GENEROUS = 10;

    private static final long PATIENCE_NANOS = Duration.ofSeconds(30).toNanos();

    private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
    private final String checkpointsKey = SETTINGS.checkpointsKey(source);
    private final List<AutoCloseable> toClose = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    @Test
    void a_closed_port_is_unreachable_at_once() {
        RedisMessageQueue queue = open(redis("127.0.0.1", TestRedis.freePort(), null));

        long start = System.nanoTime();
        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isEqualTo(Cause.UNREACHABLE);
        assertThat(failureOf(() -> queue.append(source, append(null, "1:a", "a"))))
                .isEqualTo(Cause.UNREACHABLE);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SETTINGS.connectTimeout());
    }

    @Test
    void an_unknown_host_is_unreachable() {
        RedisMessageQueue queue = open(redis("no-such-host.invalid", 6379, null));

        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isIn(Cause.UNREACHABLE, Cause.TIMEOUT);
    }

    @Test
    void a_hung_redis_is_a_timeout_for_a_new_client_too() {
        TestRedis server = start();
        server.freeze();
        RedisMessageQueue queue = open(IMPATIENT, redis(server.host(), server.port(), null));

        assertThat(timed(IMPATIENT, () -> queue.newestCheckpoint(source))).isEqualTo(Cause.TIMEOUT);
        server.resume();

        assertThat(untilItAnswers(queue)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
    }

    @Test
    void an_append_that_timed_out_and_is_carried_out_later_shows_in_the_checkpoints() {
        TestRedis server = start();
        RedisMessageQueue queue = open(IMPATIENT, redis(server.host(), server.port(), null));
        untilItAnswers(queue);
        server.freeze();

        assertThat(timed(IMPATIENT, () -> queue.append(source, append(null, "1:a", "a"))))
                .isEqualTo(Cause.TIMEOUT);
        server.resume();

        assertThat(untilItAnswers(queue)).isEqualTo(new Checkpoints(List.of("1:a"), List.of(), 1));
        assertThat(open(server).append(source, append(null, "1:a", "a"))).isEqualTo(new Stale("1:a"));
        assertThat(elements(server)).containsExactly("a");
    }

    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void a_redis_that_may_delete_the_queue_is_warned_of_once(CapturedOutput output) {
        RedisMessageQueue queue = open(start("maxmemory-policy allkeys-lru"));
        queue.newestCheckpoint(source);
        queue.newestCheckpoint(source);

        Eventually.await("the warning", () -> output.getAll().contains("has maxmemory-policy allkeys-lru: "));
        assertThat(output.getAll()).containsOnlyOnce("has maxmemory-policy");
    }

    @Test
    void redis_is_used_again_when_it_is_back() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        queue.append(source, append(null, "1:a", "a"));

        server.kill();
        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isIn(Cause.UNREACHABLE, Cause.TIMEOUT);
        server.restart();

        assertThat(untilItAnswers(queue)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
        assertThat(queue.append(source, append(null, "1:a", "a"))).isEqualTo(new Appended(1, List.of()));
    }

    @Test
    void a_redis_that_was_away_from_the_start_is_used_when_it_comes() {
        TestRedis server = start();
        server.kill();
        RedisMessageQueue queue = open(server);
        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isEqualTo(Cause.UNREACHABLE);

        server.restart();

        assertThat(untilItAnswers(queue)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
    }

    @Test
    void a_wrong_password_is_an_authentication_failure_and_is_not_repeated_to_anyone() {
        TestRedis server = start("requirepass right-password");
        RedisMessageQueue queue = open(redis(server.host(), server.port(), "wrong-password"));

        QueueUnavailableException failure = catchThrowableOfType(
                QueueUnavailableException.class, () -> queue.append(source, append(null, "1:a", "a")));

        assertThat(failure.kind()).isEqualTo(Cause.AUTHENTICATION);
        assertThat(failure).hasMessageNotContaining("wrong-password").hasNoCause();
    }

    @Test
    void a_missing_password_is_an_authentication_failure() {
        TestRedis server = start("requirepass right-password");

        assertThat(failureOf(() -> open(server).newestCheckpoint(source))).isEqualTo(Cause.AUTHENTICATION);
    }

    @Test
    void the_right_password_works() {
        TestRedis server = start("requirepass right-password");
        RedisMessageQueue queue = open(redis(server.host(), server.port(), "right-password"));

        assertThat(queue.append(source, append(null, "1:a", "a"))).isEqualTo(new Appended(1, List.of()));
    }

    @Test
    void something_that_speaks_no_tls_is_a_tls_failure() throws Exception {
        ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        toClose.add(listener);
        CompletableFuture<Void> answering = CompletableFuture.runAsync(() -> answerInClearText(listener));
        RedisSettings tls = TestQueue.redis("127.0.0.1", listener.getLocalPort(), true, null, null, 0, false);

        assertThat(failureOf(() -> open(tls).newestCheckpoint(source))).isEqualTo(Cause.TLS);

        listener.close();
        answering.join();
    }

    @Test
    void a_redis_without_memory_takes_nothing_but_still_tells_what_it_took() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        queue.append(source, append(null, "1:a", "a"));
        server.run("CONFIG", "SET", "maxmemory", "1mb");

        assertThat(failureOf(() -> queue.append(source, append("1:a", "2:b", "b"))))
                .isEqualTo(Cause.OUT_OF_MEMORY);
        assertThat(failureOf(() -> queue.append(source, append("1:a", "2:b")))).isEqualTo(Cause.OUT_OF_MEMORY);

        assertThat(queue.allCheckpoints(source)).isEqualTo(new Checkpoints(List.of("1:a"), List.of(), 1));
        server.run("CONFIG", "SET", "maxmemory", "0");
        assertThat(queue.append(source, append("1:a", "2:b", "b"))).isEqualTo(new Appended(2, List.of()));
    }

    @Test
    void a_queue_key_of_another_type_is_a_wrong_type_and_leaves_no_checkpoint() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        server.run("SET", NAME, "not a list");

        assertThat(failureOf(() -> queue.append(source, append(null, "1:a", "a"))))
                .isEqualTo(Cause.WRONG_TYPE);
        assertThat(failureOf(() -> queue.append(source, append(null, "1:a")))).isEqualTo(Cause.WRONG_TYPE);
        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isEqualTo(Cause.WRONG_TYPE);
        assertThat(server.run("EXISTS", checkpointsKey)).isEqualTo(0L);
    }

    @Test
    void a_checkpoints_key_of_another_type_is_a_wrong_type_and_leaves_no_message() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        server.run("SET", checkpointsKey, "not a list");

        assertThat(failureOf(() -> queue.append(source, append(null, "1:a", "a"))))
                .isEqualTo(Cause.WRONG_TYPE);
        assertThatThrownBy(() -> queue.newestCheckpoint(source))
                .hasMessageContaining("one of these keys is no list: [%s, %s, %s:milestones]"
                        .formatted(NAME, checkpointsKey, checkpointsKey));
        assertThat(elements(server)).isEmpty();
    }

    @Test
    void a_milestones_key_of_another_type_is_as_good_as_none() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        server.run("SET", checkpointsKey + ":milestones", "not a list");

        assertThat(queue.append(source, new Append(null, "1:a", true, List.of(new QueueEntry("a", "a")))))
                .isInstanceOf(Appended.class);

        assertThat(queue.allCheckpoints(source)).isEqualTo(new Checkpoints(List.of("1:a"), List.of(), 1));
    }

    @Test
    void a_replica_is_read_only_and_its_checkpoints_are_not_believed() {
        TestRedis server = start();
        RedisMessageQueue queue = open(server);
        queue.append(source, append(null, "1:a", "a"));
        server.run("REPLICAOF", "127.0.0.1", Integer.toString(TestRedis.freePort()));

        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isEqualTo(Cause.READ_ONLY);
        assertThat(failureOf(() -> queue.append(source, append("1:a", "2:b", "b"))))
                .isEqualTo(Cause.READ_ONLY);
        assertThat(elements(server)).containsExactly("a");
    }

    @Test
    void a_primary_without_enough_replicas_is_not_ready() {
        TestRedis server = start("min-replicas-to-write 1");

        assertThat(failureOf(() -> open(server).append(source, append(null, "1:a", "a"))))
                .isEqualTo(Cause.NOT_READY);
        assertThat(server.run("EXISTS", checkpointsKey, NAME)).isEqualTo(0L);
    }

    @Test
    void too_many_clients_is_unreachable() {
        TestRedis server = start();
        try (RedisConnection operator = server.connect()) {
            operator.command("CONFIG", "SET", "maxclients", "1");

            assertThat(failureOf(() -> open(server).newestCheckpoint(source))).isEqualTo(Cause.UNREACHABLE);
        }
    }

    @Test
    void an_element_that_redis_cannot_read_breaks_the_connection_and_says_nothing_against_the_message() {
        TestRedis server = start("proto-max-bulk-len 1mb");
        RedisMessageQueue queue = open(server);
        queue.append(source, append(null, "1:a", "a"));

        Cause cause = failureOf(() -> queue.append(source, append("1:a", "2:b", "b".repeat(2 * 1024 * 1024))));

        assertThat(cause).isIn(Cause.UNREACHABLE, Cause.TIMEOUT, Cause.OTHER);
        assertThat(untilItAnswers(queue)).isEqualTo(new Checkpoints(List.of("1:a"), List.of(), 1));
        assertThat(queue.append(source, append("1:a", "2:b", "b"))).isEqualTo(new Appended(2, List.of()));
    }

    @Test
    void after_close_every_call_fails() {
        RedisMessageQueue queue = open(start());
        queue.newestCheckpoint(source);

        queue.close();
        queue.close();

        assertThat(failureOf(() -> queue.newestCheckpoint(source))).isEqualTo(Cause.OTHER);
    }

    private static Cause failureOf(ThrowingCallable call) {
        return timed(SETTINGS, call);
    }

    private static Cause timed(QueueSettings settings, ThrowingCallable call) {
        long start = System.nanoTime();
        QueueUnavailableException failure = catchThrowableOfType(QueueUnavailableException.class, call);
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isLessThan(settings.maxCallDuration().multipliedBy(GENEROUS));
        assertThat(failure).as("an answer instead of a failure").isNotNull();
        return failure.kind();
    }

    /** A connection's end may be noticed by one more call than the first. */
    private Checkpoints untilItAnswers(RedisMessageQueue queue) {
        long start = System.nanoTime();
        while (true) {
            try {
                return queue.allCheckpoints(source);
            } catch (QueueUnavailableException e) {
                assertThat(System.nanoTime() - start).as("%s", e.getMessage()).isLessThan(PATIENCE_NANOS);
            }
        }
    }

    private TestRedis start(String... config) {
        TestRedis server = TestRedis.start(config);
        toClose.add(server);
        return server;
    }

    private RedisMessageQueue open(TestRedis server) {
        return open(redis(server.host(), server.port(), null));
    }

    private RedisMessageQueue open(RedisSettings redis) {
        return open(SETTINGS, redis);
    }

    private RedisMessageQueue open(QueueSettings settings, RedisSettings redis) {
        RedisMessageQueue queue = new RedisMessageQueue(settings, redis);
        toClose.add(0, queue);
        return queue;
    }

    private static QueueSettings settings(Duration timeout) {
        return new QueueSettings(NAME, 1_000, 10, false, timeout, timeout, 2, DataSize.ofMegabytes(4));
    }

    private static RedisSettings redis(String host, int port, String password) {
        return TestQueue.redis(host, port, false, null, password, 0, false);
    }

    private static List<String> elements(TestRedis server) {
        try (RedisConnection connection = server.connect()) {
            return connection.texts("LRANGE", NAME, "0", "-1");
        }
    }

    /** Until the listener is closed. */
    private static void answerInClearText(ServerSocket listener) {
        while (true) {
            try (Socket client = listener.accept()) {
                client.getOutputStream().write("-ERR this is no TLS\r\n".getBytes(StandardCharsets.UTF_8));
                client.getOutputStream().flush();
                client.getInputStream().readAllBytes();
            } catch (IOException e) {
                if (listener.isClosed()) {
                    return;
                }
            }
        }
    }
}

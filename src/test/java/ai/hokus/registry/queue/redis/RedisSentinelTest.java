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
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.util.unit.DataSize;

/** A primary, its replica and a real Sentinel. */
class RedisSentinelTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final QueueSettings SETTINGS =
            new QueueSettings("q", 1_000, 100, false, TIMEOUT, TIMEOUT, 2, DataSize.ofMegabytes(1));

    private final ProducerId source = new ProducerId(UUID.randomUUID(), 0);
    private final List<AutoCloseable> toClose = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    @Test
    void after_a_failover_appends_go_to_the_new_primary_and_to_nobody_else() {
        TestRedis primary = start();
        TestRedis replica = start("replicaof 127.0.0.1 " + primary.port(), "repl-diskless-sync-delay 0");
        Eventually.await(
                "the replica follows", () -> ((String) primary.run("INFO", "replication")).contains("state=online"));
        TestRedis sentinel = sentinel(primary);
        RedisMessageQueue queue = open(sentinel, "mymaster");
        assertThat(queue.append(source, append(null, "1:a", "a"))).isEqualTo(new Appended(1, List.of()));
        Eventually.await("the replica has it", () -> elements(replica).equals(List.of("a")));
        awaitKnown(sentinel);

        primary.kill();

        Eventually.await(
                "the new primary answers", () -> answers(queue, new Checkpoints(List.of("1:a"), List.of(), 1)));
        assertThat(queue.append(source, append(null, "1:a", "a")))
                .as("sent again, since nobody knew whether it had arrived")
                .isEqualTo(new Stale("1:a"));
        assertThat(queue.append(source, append("1:a", "2:b", "b"))).isEqualTo(new Appended(2, List.of()));
        assertThat(elements(replica)).containsExactly("b", "a");

        // For a while it takes itself for the primary.
        primary.restart();
        assertThat(queue.append(source, append("2:b", "3:c", "c"))).isEqualTo(new Appended(3, List.of()));
        assertThat(elements(replica)).containsExactly("c", "b", "a");
    }

    @Test
    void one_sentinel_that_answers_is_enough_and_later_none_is_needed() {
        TestRedis primary = start();
        TestRedis sentinel = sentinel(primary);
        RedisMessageQueue queue =
                open("127.0.0.1:" + TestRedis.freePort() + ",127.0.0.1:" + sentinel.port(), "mymaster", null);
        assertThat(queue.append(source, append(null, "1:a", "a"))).isEqualTo(new Appended(1, List.of()));

        sentinel.kill();

        assertThat(queue.append(source, append("1:a", "2:b", "b"))).isEqualTo(new Appended(2, List.of()));
    }

    @Test
    void sentinels_that_are_away_at_first_are_found_when_they_come() {
        TestRedis primary = start();
        TestRedis sentinel = sentinel(primary);
        sentinel.kill();
        RedisMessageQueue queue = open(sentinel, "mymaster");
        assertThat(catchThrowableOfType(QueueUnavailableException.class, () -> queue.newestCheckpoint(source)))
                .hasMessageContaining("mymaster (sentinels redis://127.0.0.1:" + sentinel.port());

        sentinel.restart();

        Eventually.await("it is found", () -> answers(queue, new Checkpoints(List.of(), List.of(), 0)));
    }

    @Test
    void a_name_that_the_sentinels_do_not_know_is_named() {
        RedisMessageQueue queue = open(sentinel(start()), "another");

        assertThat(catchThrowableOfType(QueueUnavailableException.class, () -> queue.newestCheckpoint(source)))
                .hasMessageContaining("Set REDIS_SENTINEL_MASTER");
    }

    @Test
    void a_password_goes_to_redis_and_to_sentinels_that_ask_for_one() {
        TestRedis primary = start("requirepass pw");
        for (String[] own : List.of(new String[] {}, new String[] {"requirepass pw"})) {
            TestRedis sentinel = sentinel(primary, own);
            RedisMessageQueue queue = open("127.0.0.1:" + sentinel.port(), "mymaster", "pw");
            assertThat(queue.newestCheckpoint(source)).isEqualTo(new Checkpoints(List.of(), List.of(), 0));
        }
    }

    private TestRedis start(String... config) {
        TestRedis server = TestRedis.start(config);
        toClose.add(server);
        return server;
    }

    private TestRedis sentinel(TestRedis primary, String... config) {
        List<String> lines = new ArrayList<>(List.of(
                "sentinel monitor mymaster 127.0.0.1 " + primary.port() + " 1",
                "sentinel auth-pass mymaster pw",
                "sentinel down-after-milliseconds mymaster 500",
                "sentinel failover-timeout mymaster 2000"));
        lines.addAll(List.of(config));
        TestRedis sentinel = TestRedis.startSentinel(lines.toArray(String[]::new));
        toClose.add(sentinel);
        return sentinel;
    }

    private RedisMessageQueue open(TestRedis sentinel, String master) {
        return open("127.0.0.1:" + sentinel.port(), master, null);
    }

    private RedisMessageQueue open(String sentinels, String master, String password) {
        MockEnvironment environment = new MockEnvironment()
                .withProperty("REDIS_SENTINELS", sentinels)
                .withProperty("REDIS_SENTINEL_MASTER", master);
        if (password != null) {
            environment.setProperty("REDIS_AUTH_TOKEN", password);
        }
        RedisMessageQueue queue = new RedisMessageQueue(
                SETTINGS, new RedisEnvironment(environment).settings().orElseThrow());
        toClose.add(0, queue);
        return queue;
    }

    private boolean answers(RedisMessageQueue queue, Checkpoints expected) {
        try {
            return queue.allCheckpoints(source).equals(expected);
        } catch (QueueUnavailableException notYet) {
            return false;
        }
    }

    /** A Sentinel promotes only a replica that it has heard from. */
    private static void awaitKnown(TestRedis sentinel) {
        try (RedisConnection operator = sentinel.connect()) {
            Eventually.await("the Sentinel knows the replica", () -> {
                List<String> master = operator.texts("SENTINEL", "MASTER", "mymaster");
                return master.get(master.indexOf("num-slaves") + 1).equals("1");
            });
        }
    }

    private static List<String> elements(TestRedis server) {
        try (RedisConnection connection = server.connect()) {
            return connection.texts("LRANGE", "q", "0", "-1");
        } catch (IllegalStateException loading) {
            return List.of();
        }
    }
}

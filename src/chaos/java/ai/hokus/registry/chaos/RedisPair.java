package ai.hokus.registry.chaos;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A primary and its replica, both with an append-only file that is synced before each answer. The replica hangs behind a
 * network of its own, so that it can be kept from hearing of writes that the primary acknowledges.
 */
final class RedisPair implements RedisServers {

    static final String QUEUE = "hokusai:model_ready_queue";
    static final String PROCESSING = QUEUE + ":processing";

    private static final String[] CONFIG = {
        "appendonly yes", "appendfsync always", "repl-diskless-sync-delay 0", "repl-timeout 3", "repl-backlog-size 8mb"
    };
    private static final Duration SYNC_TIMEOUT = Duration.ofSeconds(30);

    private final TcpProxy replication;
    private volatile TestRedis primary;
    private TestRedis replica;

    RedisPair() {
        primary = TestRedis.start(CONFIG);
        replica = TestRedis.start(CONFIG);
        replication = new TcpProxy("replication", primary.port());
        replicate();
    }

    /**
     * What a Redis holds at one moment.
     *
     * @param messages ids in the queue and at the consumer ({@code :processing})
     * @param newest position of the newest checkpoint; 0: none
     */
    record State(Set<String> messages, long newest) {

        static final State EMPTY = new State(Set.of(), 0);

        boolean explains(String messageId, long position) {
            return position > newest || messages.contains(messageId);
        }
    }

    @Override
    public TestRedis primary() {
        return primary;
    }

    /** As an operator would run it, on the primary. */
    Object run(String... words) {
        return primary.run(words);
    }

    String version() {
        String info = (String) run("INFO", "server");
        return info.lines()
                .filter(line -> line.startsWith("redis_version:"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    /** Returns what both have, once the replica has all that the primary has; nobody may write meanwhile. */
    State awaitReplicated() {
        Await.until(
                "the replica has everything", SYNC_TIMEOUT, () -> state(replica).equals(state(primary)));
        return state(replica);
    }

    /** From now on the replica hears nothing. */
    void pauseReplication() {
        replication.down();
        Await.until("the replica has noticed that its primary is away", SYNC_TIMEOUT, () -> !inSync(replica));
    }

    /** SIGKILL to the primary; the replica takes over with what it has. Returns what that is. */
    State failOver(ServiceFleet fleet) {
        fleet.redisDown();
        TestRedis old = primary;
        old.kill();
        State state = state(replica);
        replica.run("REPLICAOF", "NO", "ONE");
        primary = replica;
        replica = old;
        fleet.redisAt(primary.port());
        return state;
    }

    /** Gives the primary a replica again, the one that was killed, with nothing of its own. */
    void rebuild() {
        restartIfGone(replica);
        replication.turnTo(primary.port());
        replicate();
    }

    /** Starts what was killed, with what it had on disk. */
    @Override
    public void heal() {
        restartIfGone(primary);
        rebuild();
    }

    /** Throws the primary's append-only file away: what a Redis has that keeps nothing on disk, once it is killed. */
    void forgetDisk() {
        List<?> dir = (List<?>) run("CONFIG", "GET", "dir");
        run("CONFIG", "SET", "appendonly", "no");
        Path folder = Path.of((String) dir.get(1)).resolve("appendonlydir");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    State state() {
        return state(primary);
    }

    private State state(TestRedis redis) {
        try (RedisConnection connection = redis.connect()) {
            List<String> elements = new ArrayList<>(connection.texts("LRANGE", QUEUE, "0", "-1"));
            elements.addAll(connection.texts("LRANGE", PROCESSING, "0", "-1"));
            Set<String> messages = new HashSet<>();
            elements.forEach(element -> messages.add(Consumer.messageId(element)));
            long newest = 0;
            for (String key : connection.texts("KEYS", "*:outbox:*")) {
                String checkpoint = (String) connection.command("LINDEX", key, "0");
                newest = Math.max(newest, position(checkpoint));
            }
            return new State(messages, newest);
        }
    }

    /** Of {@code v1:POSITION:BATCH:HISTORY:NONCE}. */
    static long position(String checkpoint) {
        return Long.parseLong(checkpoint.split(":", 3)[1]);
    }

    private void replicate() {
        replication.up();
        replica.run("REPLICAOF", "127.0.0.1", Integer.toString(replication.port()));
        Await.until("the replica is in sync", SYNC_TIMEOUT, () -> inSync(replica));
    }

    private static boolean inSync(TestRedis replica) {
        return ((String) replica.run("INFO", "replication")).contains("master_link_status:up");
    }

    private static void restartIfGone(TestRedis redis) {
        try {
            redis.run("PING");
        } catch (UncheckedIOException gone) {
            redis.restart();
        }
    }

    @Override
    public void close() {
        replication.close();
        primary.close();
        replica.close();
    }
}

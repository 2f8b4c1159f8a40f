package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;

/** What the stages with a primary and replicas have in common. */
final class RedisReplication {

    /** An append-only file that is synced before each answer, and a replica that is fast to follow. */
    static final String[] CONFIG = {"appendonly yes", "appendfsync always", "repl-diskless-sync-delay 0"};

    private static final Duration SYNC_TIMEOUT = Duration.ofSeconds(60);

    private RedisReplication() {}

    static String[] following(TestRedis primary) {
        String[] config = Arrays.copyOf(CONFIG, CONFIG.length + 1);
        config[CONFIG.length] = "replicaof " + primary.host() + " " + primary.port();
        return config;
    }

    static void awaitInSync(TestRedis replica) {
        Await.until("the replica is in sync", SYNC_TIMEOUT, () -> info(replica).contains("master_link_status:up"));
    }

    /**
     * From now on the primary takes no writes, and the replica has all that it took: whatever happens to it next, nothing
     * that it acknowledged is lost.
     */
    static void settle(TestRedis primary, TestRedis replica) {
        primary.run("CLIENT", "PAUSE", "60000", "WRITE");
        Await.until(
                "the replica has everything",
                SYNC_TIMEOUT,
                () -> offset(primary, "master_repl_offset").equals(offset(replica, "slave_repl_offset")));
    }

    static void restartIfGone(TestRedis server) {
        try {
            server.run("PING");
        } catch (UncheckedIOException gone) {
            server.restart();
        }
    }

    private static String offset(TestRedis server, String field) {
        return info(server)
                .lines()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst()
                .orElse("none");
    }

    private static String info(TestRedis server) {
        return (String) server.run("INFO", "replication");
    }
}

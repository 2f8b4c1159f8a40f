package ai.hokus.registry.chaos;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A primary, its replica, and three Sentinels of which two must agree. The instances know the Sentinels only. */
final class RedisSentinels implements RedisServers {

    private static final String MASTER = "registry";
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final List<TestRedis> servers = new ArrayList<>();
    private final List<TestRedis> sentinels = new ArrayList<>();
    private volatile TestRedis primary;

    RedisSentinels() {
        primary = TestRedis.start(RedisReplication.CONFIG);
        servers.add(primary);
        servers.add(TestRedis.start(RedisReplication.following(primary)));
        RedisReplication.awaitInSync(servers.get(1));
        for (int n = 0; n < 3; n++) {
            sentinels.add(TestRedis.startSentinel(
                    "sentinel monitor " + MASTER + " 127.0.0.1 " + primary.port() + " 2",
                    "sentinel down-after-milliseconds " + MASTER + " 1000",
                    "sentinel failover-timeout " + MASTER + " 5000"));
        }
        Await.until(
                "each Sentinel knows the other two and the replica",
                TIMEOUT,
                () -> sentinels.stream()
                        .allMatch(sentinel ->
                                known(sentinel, "num-other-sentinels") == 2 && known(sentinel, "num-slaves") == 1));
    }

    @Override
    public TestRedis primary() {
        return primary;
    }

    @Override
    public Map<String, String> environment() {
        return Map.of(
                "REDIS_SENTINELS",
                sentinels.stream()
                        .map(sentinel -> sentinel.host() + ":" + sentinel.port())
                        .collect(Collectors.joining(",")),
                "REDIS_SENTINEL_MASTER",
                MASTER);
    }

    /** No write is acknowledged from now on that the replica does not have. */
    void settle() {
        RedisReplication.settle(
                primary,
                servers.stream().filter(server -> server != primary).findFirst().orElseThrow());
    }

    /** Waits until the Sentinels name another primary than the one that was killed or has hung. */
    void awaitFailover() {
        TestRedis old = primary;
        Await.until("the Sentinels have a new primary", TIMEOUT, () -> named() != old);
        primary = named();
    }

    /** The last Sentinel goes away and does not come back. */
    void killASentinel() {
        sentinels.get(2).kill();
    }

    private TestRedis named() {
        try (RedisConnection sentinel = sentinels.get(0).connect()) {
            int port = Integer.parseInt(sentinel.texts("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
                    .get(1));
            return servers.stream()
                    .filter(server -> server.port() == port)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static long known(TestRedis sentinel, String field) {
        try (RedisConnection connection = sentinel.connect()) {
            List<String> master = connection.texts("SENTINEL", "MASTER", MASTER);
            return Long.parseLong(master.get(master.indexOf(field) + 1));
        }
    }

    /** The old primary comes back, takes itself for one, and is made a replica by the Sentinels. */
    @Override
    public void heal() {
        for (TestRedis server : servers) {
            if (server != primary) {
                RedisReplication.restartIfGone(server);
                RedisReplication.awaitInSync(server);
            }
        }
    }

    @Override
    public void close() {
        sentinels.forEach(TestRedis::close);
        servers.forEach(TestRedis::close);
    }
}

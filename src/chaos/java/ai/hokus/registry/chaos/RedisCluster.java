package ai.hokus.registry.chaos;

import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Redis Cluster: three primaries, and a replica of the one that has the queue. The queue's name has a hash tag, since its
 * consumers move elements from key to key.
 */
final class RedisCluster implements RedisServers {

    private static final String QUEUE = "{hokusai}:model_ready_queue";
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int SLOTS = 16_384;

    private final List<TestRedis> nodes = new ArrayList<>();
    private final TestRedis replica;
    private volatile TestRedis owner;
    private volatile TestRedis killed;

    RedisCluster() {
        for (int n = 0; n < 4; n++) {
            nodes.add(TestRedis.start(
                    "cluster-enabled yes",
                    "cluster-announce-ip 127.0.0.1",
                    "cluster-node-timeout 1500",
                    "appendonly yes",
                    "appendfsync always",
                    "repl-diskless-sync-delay 0"));
        }
        replica = nodes.get(3);
        for (int n = 0; n < 3; n++) {
            nodes.get(n)
                    .run(
                            "CLUSTER",
                            "ADDSLOTSRANGE",
                            Integer.toString(SLOTS * n / 3),
                            Integer.toString(SLOTS * (n + 1) / 3 - 1));
            // Each needs an epoch of its own before they meet.
            nodes.get(n).run("CLUSTER", "SET-CONFIG-EPOCH", Integer.toString(n + 1));
        }
        for (TestRedis node : nodes.subList(1, 4)) {
            nodes.get(0).run("CLUSTER", "MEET", "127.0.0.1", Integer.toString(node.port()));
        }
        Await.until(
                "all nodes know each other",
                TIMEOUT,
                () -> nodes.stream()
                        .allMatch(node -> info(node).contains("cluster_state:ok")
                                && info(node).contains("cluster_known_nodes:4")));
        owner = nodes.stream()
                .filter(node -> node.port() == ownersPort(nodes.get(0)))
                .findFirst()
                .orElseThrow();
        replica.run("CLUSTER", "REPLICATE", id(owner));
        RedisReplication.awaitInSync(replica);
        Await.until(
                "all nodes know the replica",
                TIMEOUT,
                () -> nodes.stream()
                        .allMatch(node -> ((String) node.run("CLUSTER", "NODES")).contains("slave " + id(owner))));
    }

    @Override
    public TestRedis primary() {
        return owner;
    }

    @Override
    public String queue() {
        return QUEUE;
    }

    @Override
    public List<String> settings() {
        return List.of("--registry.queue.name=" + QUEUE);
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("REDIS_URL", "127.0.0.1:" + bystander().port(), "REDIS_CLUSTER", "true");
    }

    TestRedis replica() {
        return replica;
    }

    /** Waits until the cluster has given the killed owner's slots to its replica. */
    void awaitFailover() {
        Await.until(
                "the replica has the slot", TIMEOUT, () -> ownersPort(bystander()) == replica.port() && ok(replica));
        owner = replica;
    }

    /** Moves the queue's slot, with all that is in it, to a node that had nothing to do with it. */
    void moveSlot() {
        TestRedis from = owner;
        TestRedis to = bystander();
        String slot = Long.toString((Long) from.run("CLUSTER", "KEYSLOT", QUEUE));
        to.run("CLUSTER", "SETSLOT", slot, "IMPORTING", id(from));
        from.run("CLUSTER", "SETSLOT", slot, "MIGRATING", id(to));
        try (RedisConnection operator = from.connect()) {
            List<String> keys = operator.texts("CLUSTER", "GETKEYSINSLOT", slot, "100");
            while (!keys.isEmpty()) {
                List<String> migrate = new ArrayList<>(
                        List.of("MIGRATE", "127.0.0.1", Integer.toString(to.port()), "", "0", "5000", "KEYS"));
                migrate.addAll(keys);
                operator.command(migrate.toArray(String[]::new));
                keys = operator.texts("CLUSTER", "GETKEYSINSLOT", slot, "100");
            }
        }
        to.run("CLUSTER", "SETSLOT", slot, "NODE", id(to));
        from.run("CLUSTER", "SETSLOT", slot, "NODE", id(to));
        owner = to;
        Await.until("all nodes that live know it", TIMEOUT, () -> ownersPort(from) == to.port());
    }

    /** A primary without the queue. */
    private TestRedis bystander() {
        return nodes.stream()
                .filter(node -> node != owner && node != replica && node != killed)
                .findFirst()
                .orElseThrow();
    }

    void killOwner() {
        killed = owner;
        owner.kill();
    }

    private static int ownersPort(TestRedis asked) {
        long slot = (Long) asked.run("CLUSTER", "KEYSLOT", QUEUE);
        for (Object each : (List<?>) asked.run("CLUSTER", "SLOTS")) {
            List<?> range = (List<?>) each;
            if ((Long) range.get(0) <= slot && slot <= (Long) range.get(1)) {
                return Math.toIntExact((Long) ((List<?>) range.get(2)).get(1));
            }
        }
        throw new AssertionError("nobody has slot " + slot);
    }

    private static boolean ok(TestRedis node) {
        return info(node).contains("cluster_state:ok");
    }

    private static String info(TestRedis node) {
        return (String) node.run("CLUSTER", "INFO");
    }

    private static String id(TestRedis node) {
        return (String) node.run("CLUSTER", "MYID");
    }

    @Override
    public void heal() {
        if (killed != null) {
            RedisReplication.restartIfGone(killed);
            Await.until("the cluster is whole", TIMEOUT, () -> nodes.stream().allMatch(RedisCluster::ok));
        }
    }

    @Override
    public void close() {
        nodes.forEach(TestRedis::close);
    }
}

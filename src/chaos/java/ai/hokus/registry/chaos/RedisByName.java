package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.opentest4j.TestAbortedException;

/**
 * As ElastiCache without cluster mode: a name that stands for the primary, and moves to another address, with the same port,
 * at a failover. The instances run in a mount namespace whose resolv.conf names a dnsmasq of ours; needs root.
 */
final class RedisByName implements RedisServers {

    private static final String NAME = "primary.redis.test";
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Nobody else on this machine: addresses of 127.0.0.0/8 that this process' id chooses. */
    private static final String NETWORK = "127." + (1 + ProcessHandle.current().pid() % 250) + "."
            + (1 + ProcessHandle.current().pid() / 250 % 250) + ".";

    private final Path folder = Children.folder("dns");
    private final Path hosts = folder.resolve("hosts");
    private final int port = TestRedis.freePort();
    private final Process dnsmasq;
    private TestRedis other;
    private volatile TestRedis primary;

    /** @throws TestAbortedException where it cannot be played */
    RedisByName() {
        require("dnsmasq", "--version");
        require("unshare", "--mount", "true");
        try {
            Files.writeString(folder.resolve("resolv.conf"), "nameserver " + NETWORK + "53\noptions ndots:1\n");
            primary = TestRedis.startAt(NETWORK + "1", port, RedisReplication.CONFIG);
            other = TestRedis.startAt(NETWORK + "2", port, RedisReplication.following(primary));
            RedisReplication.awaitInSync(other);
            Files.writeString(hosts, primary.host() + " " + NAME + "\n");
            dnsmasq = Children.start(new ProcessBuilder(
                            "dnsmasq",
                            "--keep-in-foreground",
                            "--conf-file=/dev/null",
                            "--user=root",
                            "--pid-file=",
                            "--no-resolv",
                            "--no-hosts",
                            "--addn-hosts=" + hosts,
                            "--local-ttl=1",
                            "--bind-interfaces",
                            "--listen-address=" + NETWORK + "53")
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("dnsmasq.log").toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Await.until("the name is known", TIMEOUT, () -> resolve().contains(primary.host() + " "));
    }

    private static void require(String... command) {
        try {
            Children.run(List.of(command));
        } catch (UncheckedIOException | IllegalStateException unusable) {
            throw new TestAbortedException("a failover by name needs root, unshare and dnsmasq: "
                    + unusable.getMessage().lines().findFirst().orElse(""));
        }
    }

    @Override
    public TestRedis primary() {
        return primary;
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("REDIS_HOST", NAME, "REDIS_PORT", Integer.toString(port));
    }

    @Override
    public List<String> launcher() {
        return List.of(
                "unshare",
                "--mount",
                "bash",
                "-c",
                "mount --bind " + folder.resolve("resolv.conf") + " /etc/resolv.conf && exec \"$@\"",
                "with-dns");
    }

    /** No write is acknowledged from now on that the replica does not have. */
    void settle() {
        RedisReplication.settle(primary, other);
    }

    /** The replica becomes the primary, and the name its name. The old primary is what the caller made of it. */
    void failOver() {
        TestRedis old = primary;
        other.run("REPLICAOF", "NO", "ONE");
        primary = other;
        other = old;
        try {
            Files.writeString(hosts, primary.host() + " " + NAME + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Children.signal(dnsmasq, "HUP");
        Await.until("the name has moved", TIMEOUT, () -> resolve().contains(primary.host() + " "));
    }

    /** The former primary becomes a replica without a break: its connections stay, and it takes no writes. */
    void demoteOther() {
        other.run("REPLICAOF", primary.host(), Integer.toString(port));
        other.run("CLIENT", "UNPAUSE");
    }

    void killOther() {
        other.kill();
    }

    private String resolve() {
        return Children.run(List.of(
                        "unshare",
                        "--mount",
                        "bash",
                        "-c",
                        "mount --bind " + folder.resolve("resolv.conf") + " /etc/resolv.conf && getent ahostsv4 "
                                + NAME))
                + " ";
    }

    @Override
    public void heal() {
        RedisReplication.restartIfGone(other);
        other.run("REPLICAOF", primary.host(), Integer.toString(port));
        RedisReplication.awaitInSync(other);
    }

    @Override
    public void close() {
        Children.kill(dnsmasq);
        primary.close();
        other.close();
    }
}

package ai.hokus.registry.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The instances of the service on one database and one Redis, each reached through its own proxies. */
final class ServiceFleet implements AutoCloseable {

    /** Small, so that a lock expires within a scenario: a pass, one transaction and two calls of the queue are 19.7 s. */
    static final int LOCK_AT_MOST_FOR_SECONDS = 20;

    private static final List<String> SETTINGS = List.of(
            "--registry.relay.lock-at-most-for=" + LOCK_AT_MOST_FOR_SECONDS + "s",
            "--registry.relay.max-pass-duration=500ms",
            "--registry.relay.interval=100ms",
            "--registry.relay.max-backoff=1s",
            "--registry.relay.batch-messages=20",
            "--registry.queue.connect-timeout=300ms",
            "--registry.queue.command-timeout=300ms",
            "--registry.status.interval=500ms",
            "--registry.status.report-interval=1s");

    private final Path folder = Children.folder("fleet");
    private final Path apiKeys = apiKeys(folder);
    private final List<String> more;
    private final List<Member> members = new CopyOnWriteArrayList<>();
    private int postgres;
    private final RedisServers servers;
    private int redis;
    private int named;

    private record Member(ServiceInstance instance, TcpProxy toPostgres, TcpProxy toRedis) {}

    /** @param more settings that this fleet has beside the usual */
    ServiceFleet(int postgres, RedisServers servers, List<String> more) {
        this.postgres = postgres;
        this.servers = servers;
        this.redis = servers.primary().port();
        this.more = more;
    }

    /** A file with the key that {@link ServiceInstance} sends, as the service reads it. */
    static Path apiKeys(Path folder) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(ServiceInstance.API_KEY.getBytes(StandardCharsets.UTF_8));
            return Files.writeString(
                    folder.resolve("api-keys"), HexFormat.of().formatHex(hash) + " chaos full_access,outbox:operate\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static List<String> settings() {
        return SETTINGS;
    }

    /** Launches another instance; {@link #awaitServing} waits for it. */
    ServiceInstance add() {
        return add(Map.of(), List.of());
    }

    /**
     * Launches an instance that is configured in another way; {@link #awaitServing} waits for it.
     *
     * @param otherVariables instead of the fleet's own
     * @param otherSettings beside the fleet's own, which they override
     */
    ServiceInstance add(Map<String, String> otherVariables, List<String> otherSettings) {
        String name = "instance-" + ++named;
        TcpProxy toPostgres = new TcpProxy(name, postgres);
        TcpProxy toRedis = new TcpProxy(name, redis);
        List<String> arguments = new ArrayList<>(SETTINGS);
        arguments.addAll(more);
        arguments.addAll(servers.settings());
        arguments.addAll(otherSettings);
        Map<String, String> environment = new HashMap<>(Map.of(
                // Without named statements every request carries its text, and a trap can read it.
                "SPRING_DATASOURCE_URL",
                "jdbc:postgresql://127.0.0.1:" + toPostgres.port() + "/postgres?prepareThreshold=0",
                "SPRING_DATASOURCE_USERNAME",
                "postgres",
                "API_KEYS_FILE",
                apiKeys.toString()));
        environment.putAll(
                servers.environment().isEmpty()
                        ? Map.of("REDIS_URL", "redis://127.0.0.1:" + toRedis.port())
                        : servers.environment());
        environment.putAll(otherVariables);
        ServiceInstance instance = new ServiceInstance(name, folder, environment, servers.launcher(), arguments);
        instance.launch(Map.of());
        members.add(new Member(instance, toPostgres, toRedis));
        return instance;
    }

    void remove(ServiceInstance instance) {
        for (Member member : members) {
            if (member.instance() == instance) {
                members.remove(member);
                member.toPostgres().close();
                member.toRedis().close();
            }
        }
    }

    List<ServiceInstance> instances() {
        return members.stream().map(Member::instance).toList();
    }

    ServiceInstance named(String name) {
        return instances().stream()
                .filter(i -> i.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    void awaitServing() {
        instances().forEach(ServiceInstance::awaitServing);
    }

    void redisDown() {
        members.forEach(member -> member.toRedis().down());
    }

    void redisAt(int port) {
        redis = port;
        members.forEach(member -> {
            member.toRedis().turnTo(port);
            member.toRedis().up();
        });
    }

    void cutPostgres() {
        members.forEach(member -> member.toPostgres().cut());
    }

    void layAtPostgres(Trap trap) {
        members.forEach(member -> member.toPostgres().lay(trap));
    }

    void layAtRedis(Trap trap) {
        members.forEach(member -> member.toRedis().lay(trap));
    }

    /** Every instance lives, is awake, and has its network; returns when all serve. */
    void heal() {
        layAtPostgres(null);
        layAtRedis(null);
        for (Member member : members) {
            if (member.instance().isFrozen()) {
                member.instance().thaw();
            }
            member.toPostgres().up();
            member.toRedis().up();
            if (!member.instance().isAlive()) {
                member.instance().launch(Map.of());
            }
        }
        awaitServing();
    }

    /** How many lines with this text the instances have logged. */
    long logged(String text) {
        return lines().filter(line -> line.contains(text)).count();
    }

    /** How many warnings with this text the instances have logged. */
    long warned(String text) {
        return lines().filter(line -> line.contains(" WARN ") && line.contains(text))
                .count();
    }

    private Stream<String> lines() {
        return instances().stream().flatMap(instance -> instance.log().lines());
    }

    /** By the instances' names; all must serve. */
    Map<String, Double> meters(String meter) {
        return instances().stream().collect(Collectors.toMap(ServiceInstance::name, i -> i.meter(meter)));
    }

    @Override
    public void close() {
        members.forEach(member -> {
            member.instance().close();
            member.toPostgres().close();
            member.toRedis().close();
        });
        Children.delete(folder);
    }
}

package ai.hokus.registry.queue.redis;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.SecretFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where Redis is and how to log in. {@link RedisEnvironment} reads it from the environment.
 *
 * @param nodes one, or in {@link Kind#SENTINEL} all the sentinels that are known; never empty
 * @param masterName what the sentinels call the primary; null without sentinels
 * @param username null: the default user
 * @param passwordFile from which the password was read, and is read again when it changes; null: it never changes
 * @param database 0 in a cluster
 */
record RedisSettings(
        Kind kind,
        List<Node> nodes,
        @Nullable String masterName,
        boolean tls,
        @Nullable String username,
        @Nullable String password,
        @Nullable SecretFile passwordFile,
        int database,
        RedisTls trust) {

    enum Kind {
        /** One address, which is the primary's whatever happens: a server alone, or ElastiCache's primary endpoint. */
        SINGLE,
        /** Redis Cluster, or ElastiCache in cluster mode: any node knows the others. */
        CLUSTER,
        /** Sentinels know who the primary is. */
        SENTINEL
    }

    /** @param host a name or an address; IPv6 in brackets */
    record Node(String host, int port) {}

    RedisSettings {
        nodes = List.copyOf(nodes);
    }

    List<String> addresses() {
        String scheme = tls ? "rediss://" : "redis://";
        return nodes.stream()
                .map(node -> scheme + node.host() + ":" + node.port())
                .toList();
    }

    /** For logs and for people: neither user name nor password is in it. */
    String address() {
        String addresses = addresses().stream().collect(Collectors.joining(", "));
        return kind == Kind.SENTINEL ? masterName + " (sentinels " + addresses + ")" : addresses;
    }

    /** These settings with what the files hold now. What is in a file that cannot be read stays as it is. */
    RedisSettings withCurrentSecrets() {
        String current = passwordFile == null ? password : passwordFile.read().orElse(password);
        return new RedisSettings(
                kind, nodes, masterName, tls, username, current, passwordFile, database, trust.current());
    }

    /** The variables whose files held something else then, for people. */
    String changedSince(RedisSettings then) {
        List<String> changed = new ArrayList<>();
        if (!Objects.equals(password, then.password)) {
            changed.add(RedisEnvironment.TOKEN_FILE);
        }
        if (!trust.equals(then.trust)) {
            changed.add("REDIS_TLS_..._FILE");
        }
        return String.join(" and ", changed);
    }

    /** Whether the password crosses a network in clear text. ElastiCache accepts an AUTH token over TLS only. */
    boolean sendsPasswordInTheClear() {
        return password != null && !tls && !nodes.stream().map(Node::host).allMatch(EnvironmentVariables::isLoopback);
    }

    @Override
    public String toString() {
        return address();
    }
}

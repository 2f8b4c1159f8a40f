package ai.hokus.registry.queue.redis;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.SecretFile;
import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import ai.hokus.registry.queue.redis.RedisSettings.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.StringUtils;

/**
 * The {@code REDIS_...} variables. All that are set are obeyed. Each says one thing, except {@code REDIS_URL}, which may say
 * several. The others add what it leaves open, and two that say different things stop start-up.
 *
 * <p>A blank variable counts as not set. Values are taken literally: a password may contain <code>${</code>.
 */
final class RedisEnvironment {

    private static final Logger log = LoggerFactory.getLogger(RedisEnvironment.class);

    static final String HOST = "REDIS_HOST";
    static final String PORT = "REDIS_PORT";
    static final String TOKEN = "REDIS_AUTH_TOKEN";
    static final String TOKEN_FILE = "REDIS_AUTH_TOKEN_FILE";
    static final String USERNAME = "REDIS_USERNAME";
    static final String TLS = "REDIS_TLS_ENABLED";
    static final String CLUSTER = "REDIS_CLUSTER";
    static final String SENTINELS = "REDIS_SENTINELS";
    static final String SENTINEL_MASTER = "REDIS_SENTINEL_MASTER";

    private static final int DEFAULT_PORT = 6379;
    private static final String DEFAULT_SENTINEL_PORT = "26379";

    private static final Pattern SENTINEL = Pattern.compile("(?<host>\\[[^]]*]|[^:\\[\\]]*)(:(?<port>.*))?");
    private static final Pattern MASTER_NAME = Pattern.compile("[A-Za-z0-9._-]+");

    private final EnvironmentVariables variables;

    RedisEnvironment(ConfigurableEnvironment environment) {
        this.variables = new EnvironmentVariables(environment);
    }

    /** Whether a Redis is named at all. There is no fallback to localhost: nobody would notice where messages go. */
    boolean namesRedis() {
        return !variables
                .set(RedisUrl.VARIABLE, HOST, SENTINELS, SENTINEL_MASTER)
                .isEmpty();
    }

    /**
     * Empty: Redis is not named.
     *
     * @throws StartupRefusedException when a variable is unusable, or two contradict each other
     */
    Optional<RedisSettings> settings() {
        if (!namesRedis()) {
            warnOfWhatNamesNoRedis();
            return Optional.empty();
        }
        if (read(SENTINELS) != null || read(SENTINEL_MASTER) != null) {
            return Optional.of(sentinels());
        }
        String url = read(RedisUrl.VARIABLE);
        return Optional.of(servers(url == null ? RedisUrl.NONE : RedisUrl.parse(url)));
    }

    private RedisSettings servers(RedisUrl url) {
        Node node = new Node(host(url), port(url));
        boolean tls = tls(url);
        boolean cluster = isOn(CLUSTER);
        if (cluster && url.database() != 0) {
            throw StartupRefusedException.contradiction(
                    RedisUrl.VARIABLE, CLUSTER, "the URL names a database, and a cluster has only database 0");
        }
        if (url.host() != null && url.tls() == null) {
            log.warn(
                    "REDIS_URL names no scheme. It is read as {}://{}:{}, by REDIS_TLS_ENABLED and REDIS_PORT; write the"
                            + " whole URL to be sure.",
                    tls ? "rediss" : "redis",
                    node.host(),
                    node.port());
        }
        return settings(cluster ? Kind.CLUSTER : Kind.SINGLE, List.of(node), null, tls, url);
    }

    private RedisSettings sentinels() {
        if (read(SENTINELS) == null) {
            throw unusable(
                    SENTINELS, "must be set when " + SENTINEL_MASTER + " is", "sentinel-1:26379,sentinel-2:26379");
        }
        List<String> others = variables.set(RedisUrl.VARIABLE, HOST, PORT);
        if (!others.isEmpty()) {
            throw StartupRefusedException.contradiction(
                    others.get(0), SENTINELS, "the sentinels say where the primary is");
        }
        if (isOn(CLUSTER)) {
            throw StartupRefusedException.contradiction(
                    CLUSTER, SENTINELS, "a cluster fails over by itself and has no sentinels");
        }
        String master = read(SENTINEL_MASTER);
        if (master == null || !MASTER_NAME.matcher(master).matches()) {
            throw unusable(SENTINEL_MASTER, "must be the name that the sentinels have for the primary", "mymaster");
        }
        return settings(Kind.SENTINEL, sentinelNodes(), master, isOn(TLS), RedisUrl.NONE);
    }

    private List<Node> sentinelNodes() {
        List<Node> nodes = new ArrayList<>();
        for (String text : StringUtils.commaDelimitedListToStringArray(read(SENTINELS))) {
            Matcher sentinel = SENTINEL.matcher(text.strip());
            boolean usable = sentinel.matches() && EnvironmentVariables.isHost(sentinel.group("host"));
            int port = usable
                    ? EnvironmentVariables.port(
                            Objects.requireNonNullElse(sentinel.group("port"), DEFAULT_SENTINEL_PORT))
                    : -1;
            if (port < 0) {
                throw unusable(
                        SENTINELS,
                        "must be a list of host names, each with or without a port",
                        "sentinel-1:26379,sentinel-2:26379,sentinel-3:26379");
            }
            nodes.add(new Node(sentinel.group("host"), port));
        }
        return nodes;
    }

    private RedisSettings settings(Kind kind, List<Node> nodes, @Nullable String master, boolean tls, RedisUrl url) {
        String username = both(USERNAME, url.username(), "they name different users");
        SecretFile file = passwordFile(url);
        String password = file != null ? file.require() : both(TOKEN, url.password(), "they hold different passwords");
        if (username != null && password == null) {
            throw url.username() != null
                    ? RedisUrl.unusable("has a user name without a password (a password alone needs a colon before it)")
                    : unusable(TOKEN, "must be set when " + USERNAME + " is", "the password of that user");
        }
        Map<String, String> trust = variables.set(RedisTls.AUTHORITIES, RedisTls.CERTIFICATE, RedisTls.KEY).stream()
                .collect(Collectors.toMap(variable -> variable, variable -> String.valueOf(read(variable))));
        return new RedisSettings(
                kind, nodes, master, tls, username, password, file, url.database(), RedisTls.of(trust));
    }

    private String host(RedisUrl url) {
        String host = read(HOST);
        if (host != null && !EnvironmentVariables.isHost(host)) {
            throw unusable(
                    HOST,
                    "must be a host name alone, without a scheme, a port or a password (those go into REDIS_URL)",
                    "cache.internal");
        }
        if (host != null && url.host() != null && !host.equalsIgnoreCase(url.host())) {
            throw contradictsUrl(HOST, "they name different hosts");
        }
        return Objects.requireNonNull(url.host() == null ? host : url.host());
    }

    private int port(RedisUrl url) {
        String text = read(PORT);
        Integer inUrl = url.port();
        if (text == null) {
            return inUrl == null ? DEFAULT_PORT : inUrl;
        }
        int port = EnvironmentVariables.port(text);
        if (port < 0) {
            throw unusable(PORT, "must be a number between 1 and 65535", "6379");
        }
        if (inUrl != null && inUrl != port) {
            throw contradictsUrl(PORT, "they name different ports");
        }
        return port;
    }

    /** {@code redis://} leaves TLS open, because many write it for any Redis. {@code rediss://} does not. */
    private boolean tls(RedisUrl url) {
        boolean on = isOn(TLS);
        boolean asked = Boolean.TRUE.equals(url.tls());
        if (asked && !on && read(TLS) != null) {
            throw contradictsUrl(TLS, "rediss:// asks for TLS");
        }
        return asked || on;
    }

    private @Nullable SecretFile passwordFile(RedisUrl url) {
        String file = read(TOKEN_FILE);
        if (file == null) {
            return null;
        }
        if (read(TOKEN) != null) {
            throw StartupRefusedException.contradiction(
                    TOKEN, TOKEN_FILE, "the password of one would hide a new one in the other");
        }
        if (url.password() != null) {
            throw contradictsUrl(TOKEN_FILE, "the URL's password would hide a new one in the file");
        }
        return new SecretFile(TOKEN_FILE, file);
    }

    private @Nullable String both(String variable, @Nullable String inUrl, String difference) {
        return EnvironmentVariables.agreed(variable, read(variable), RedisUrl.VARIABLE, inUrl, difference);
    }

    private static StartupRefusedException contradictsUrl(String variable, String why) {
        return StartupRefusedException.contradiction(RedisUrl.VARIABLE, variable, why);
    }

    /**
     * What stops start-up when a variable is unusable. It quotes no variable's value, which might be a password.
     *
     * @param problem what is wrong, as the rest of a sentence that starts with the variable's name
     * @param example a value that would do
     */
    static StartupRefusedException unusable(String variable, String problem, String example) {
        return new StartupRefusedException(
                variable + " " + problem + ", for example " + example + ".",
                "Correct " + variable + ", or remove all REDIS_ variables: the service then accepts registrations and"
                        + " keeps their messages until a Redis is configured.");
    }

    private void warnOfWhatNamesNoRedis() {
        List<String> idle = variables.set(PORT, TOKEN, TOKEN_FILE, USERNAME, TLS, CLUSTER);
        if (!idle.isEmpty()) {
            log.warn(
                    "{} set, but none of REDIS_URL, REDIS_HOST and REDIS_SENTINELS: Redis is not configured, and messages"
                            + " wait in the database.",
                    EnvironmentVariables.are(idle));
        }
    }

    private @Nullable String read(String variable) {
        String value = variables.read(variable);
        return value == null ? null : value.strip();
    }

    private boolean isOn(String variable) {
        String value = read(variable);
        if (value != null && !value.equalsIgnoreCase("true") && !value.equalsIgnoreCase("false")) {
            throw unusable(variable, "must be true or false", "true");
        }
        return Boolean.parseBoolean(value);
    }
}

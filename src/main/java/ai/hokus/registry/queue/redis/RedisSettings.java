package ai.hokus.registry.queue.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/**
 * Where Redis is and how to log in, from the environment: {@code REDIS_URL}, or else {@code REDIS_HOST}, {@code
 * REDIS_PORT}, {@code REDIS_AUTH_TOKEN}, {@code REDIS_USERNAME} and {@code REDIS_TLS_ENABLED}; and {@code REDIS_CLUSTER}
 * with either. A blank variable counts as not set.
 *
 * @param host a name or an address; IPv6 in brackets
 * @param username null: the default user
 * @param password null: none is sent
 * @param database 0 in a cluster
 * @param trust for a connection with TLS
 */
record RedisSettings(
        String host,
        int port,
        boolean tls,
        @Nullable String username,
        @Nullable String password,
        int database,
        boolean cluster,
        RedisTls trust) {

    private static final int DEFAULT_PORT = 6379;

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?]");
    private static final Pattern HOST_PORT_DATABASE =
            Pattern.compile("(?<host>\\[[^]]*]|[^:/\\[\\]]*)" + "(:(?<port>[^/]*))?(/(?<database>.*))?");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");
    private static final Pattern LOCAL = Pattern.compile("localhost|127\\..*|\\[::1]");

    private static final String URL_EXAMPLE = "rediss://:PASSWORD@cache.internal:6379";

    RedisSettings(
            String host,
            int port,
            boolean tls,
            @Nullable String username,
            @Nullable String password,
            int database,
            boolean cluster) {
        this(host, port, tls, username, password, database, cluster, RedisTls.NONE);
    }

    /** Whether a Redis is named at all. There is no fallback to localhost: nobody would notice where messages go. */
    static boolean isConfigured(Environment environment) {
        return read(environment, "REDIS_URL") != null || read(environment, "REDIS_HOST") != null;
    }

    /**
     * Reads the variables.
     *
     * @return empty when neither {@code REDIS_URL} nor {@code REDIS_HOST} is set
     * @throws InvalidRedisSettingsException when one of them is unusable
     */
    static Optional<RedisSettings> from(Environment environment) {
        String url = read(environment, "REDIS_URL");
        if (url != null) {
            return Optional.of(fromUrl(url, flag(environment, "REDIS_CLUSTER")).trusting(trust(environment)));
        }
        String host = read(environment, "REDIS_HOST");
        if (host != null) {
            return Optional.of(fromParts(host, environment).trusting(trust(environment)));
        }
        return Optional.empty();
    }

    private static RedisSettings fromUrl(String url, boolean cluster) {
        String lowerCase = url.toLowerCase(Locale.ROOT);
        boolean tls = lowerCase.startsWith("rediss://");
        if (!tls && !lowerCase.startsWith("redis://")) {
            throw unusableUrl("must start with redis:// or rediss://");
        }
        String rest = url.substring(url.indexOf("//") + 2);
        // The last one: a password may contain an @ that nobody encoded, a host cannot.
        int at = rest.lastIndexOf('@');
        String username = null;
        String password = null;
        if (at >= 0) {
            String login = rest.substring(0, at);
            int colon = login.indexOf(':');
            if (colon < 0) {
                throw unusableUrl("has a user name without a password (a password alone needs a colon before it)");
            }
            username = emptyToNull(decoded(login.substring(0, colon)));
            password = emptyToNull(decoded(login.substring(colon + 1)));
            if (password == null) {
                throw unusableUrl("has an empty password");
            }
        }
        Matcher place = HOST_PORT_DATABASE.matcher(rest.substring(at + 1));
        if (!place.matches() || !HOST.matcher(place.group("host")).matches()) {
            throw unusableUrl("has no usable host name");
        }
        int port = DEFAULT_PORT;
        if (place.group("port") != null) {
            port = port(place.group("port"));
            if (port < 0) {
                throw unusableUrl("must have a port between 1 and 65535");
            }
        }
        String databaseText = emptyToNull(place.group("database"));
        if (databaseText != null && !NUMBER.matcher(databaseText).matches()) {
            throw unusableUrl("may have nothing but the number of a database after the port");
        }
        int database = databaseText == null ? 0 : Integer.parseInt(databaseText);
        if (cluster && database != 0) {
            throw unusableUrl("must not name a database while REDIS_CLUSTER is true: a cluster has only database 0");
        }
        return new RedisSettings(place.group("host"), port, tls, username, password, database, cluster);
    }

    private static RedisSettings fromParts(String host, Environment environment) {
        if (!HOST.matcher(host).matches()) {
            throw new InvalidRedisSettingsException(
                    "REDIS_HOST",
                    "must be a host name alone, without a scheme, a port or a password (those go into REDIS_URL)",
                    "cache.internal");
        }
        String portText = read(environment, "REDIS_PORT");
        int port = portText == null ? DEFAULT_PORT : port(portText);
        if (port < 0) {
            throw new InvalidRedisSettingsException("REDIS_PORT", "must be a number between 1 and 65535", "6379");
        }
        String username = read(environment, "REDIS_USERNAME");
        String password = read(environment, "REDIS_AUTH_TOKEN");
        if (username != null && password == null) {
            throw new InvalidRedisSettingsException(
                    "REDIS_AUTH_TOKEN", "must be set when REDIS_USERNAME is", "the password of that user");
        }
        return new RedisSettings(
                host,
                port,
                flag(environment, "REDIS_TLS_ENABLED"),
                username,
                password,
                0,
                flag(environment, "REDIS_CLUSTER"));
    }

    private static RedisTls trust(Environment environment) {
        return new RedisTls(
                read(environment, "REDIS_TLS_CA_FILE"),
                read(environment, "REDIS_TLS_CERTIFICATE_FILE"),
                read(environment, "REDIS_TLS_KEY_FILE"));
    }

    private RedisSettings trusting(RedisTls other) {
        return new RedisSettings(host, port, tls, username, password, database, cluster, other);
    }

    /** For the client library, for logs, for people: neither user name nor password is in it. */
    String address() {
        return (tls ? "rediss://" : "redis://") + host + ":" + port;
    }

    /** Whether the password crosses a network in clear text. ElastiCache accepts an AUTH token over TLS only. */
    boolean sendsPasswordInTheClear() {
        return password != null
                && !tls
                && !LOCAL.matcher(host.toLowerCase(Locale.ROOT)).matches();
    }

    @Override
    public String toString() {
        return address()
                + (database == 0 ? "" : "/" + database)
                + (cluster ? " (cluster)" : "")
                + (password == null ? "" : " (with a password)");
    }

    private static @Nullable String read(Environment environment, String variable) {
        String value;
        try {
            value = environment.getProperty(variable);
        } catch (IllegalArgumentException unresolved) {
            // Not its message, and not as a cause: it quotes the value.
            throw new InvalidRedisSettingsException(
                    variable, "must not refer to a ${PLACEHOLDER} that does not exist", "the plain value");
        }
        return StringUtils.hasText(value) ? value.strip() : null;
    }

    private static boolean flag(Environment environment, String variable) {
        String value = read(environment, variable);
        if (value == null || value.equalsIgnoreCase("false")) {
            return false;
        }
        if (value.equalsIgnoreCase("true")) {
            return true;
        }
        throw new InvalidRedisSettingsException(variable, "must be true or false", "true");
    }

    /** Returns -1 for what is no port. */
    private static int port(String text) {
        if (!NUMBER.matcher(text).matches()) {
            return -1;
        }
        int port = Integer.parseInt(text);
        return port >= 1 && port <= 65_535 ? port : -1;
    }

    private static String decoded(String login) {
        try {
            return URLDecoder.decode(login.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException malformed) {
            // Not as a cause: it may quote the password.
            throw unusableUrl("has a % in its user name or password that is not followed by two hexadecimal digits"
                    + " (write %25 for the percent sign itself)");
        }
    }

    private static @Nullable String emptyToNull(@Nullable String text) {
        return StringUtils.hasLength(text) ? text : null;
    }

    private static InvalidRedisSettingsException unusableUrl(String problem) {
        return new InvalidRedisSettingsException("REDIS_URL", problem, URL_EXAMPLE);
    }
}

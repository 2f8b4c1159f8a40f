package ai.hokus.registry.queue.redis;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.StartupRefusedException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * What {@code REDIS_URL} says: {@code redis://} or {@code rediss://}, or a bare {@code host[:port]}. Null is what it leaves
 * to the other variables.
 *
 * @param tls true: {@code rediss://}; false: {@code redis://}; null: no scheme
 * @param host a name or an address; IPv6 in brackets
 */
record RedisUrl(
        @Nullable Boolean tls,
        @Nullable String username,
        @Nullable String password,
        @Nullable String host,
        @Nullable Integer port,
        int database) {

    static final String VARIABLE = "REDIS_URL";

    /** Not set: it leaves everything to the other variables. */
    static final RedisUrl NONE = new RedisUrl(null, null, null, null, null, 0);

    /**
     * Whatever the text, it has these parts, usable or not. The password ends at the last @: it may contain one that nobody
     * encoded, and a host cannot.
     */
    private static final Pattern PARTS =
            Pattern.compile("(?s)(?:(?<scheme>(?i:rediss?))://(?:(?<username>[^:]*)(?::(?<password>.*))?@)?+)?+"
                    + "(?<host>\\[[^]]*](?=[:/]|$)|[^:/]*)(?::(?<port>[^/]*))?(?:/(?<database>.*))?");

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");

    private static final String EXAMPLE = "rediss://:PASSWORD@cache.internal:6379";

    /** @throws StartupRefusedException when it is no URL of a Redis */
    static RedisUrl parse(String url) {
        Matcher parts = PARTS.matcher(url);
        boolean usable = parts.matches() && EnvironmentVariables.isHost(parts.group("host"));
        String scheme = parts.group("scheme");
        String database = emptyToNull(parts.group("database"));
        if (scheme == null) {
            if (!usable || parts.group("database") != null) {
                throw unusable("must start with redis:// or rediss://, or be a host name, with or without a port");
            }
            return new RedisUrl(null, null, null, parts.group("host"), port(parts.group("port")), 0);
        }
        String username = decoded(parts.group("username"));
        String password = decoded(parts.group("password"));
        if (parts.group("password") != null && password == null) {
            throw unusable("has an empty password");
        }
        if (!usable) {
            throw unusable("has no usable host name");
        }
        if (database != null && !NUMBER.matcher(database).matches()) {
            throw unusable("may have nothing but the number of a database after the port");
        }
        return new RedisUrl(
                scheme.equalsIgnoreCase("rediss"),
                username,
                password,
                parts.group("host"),
                port(parts.group("port")),
                database == null ? 0 : Integer.parseInt(database));
    }

    static StartupRefusedException unusable(String problem) {
        return RedisEnvironment.unusable(VARIABLE, problem, EXAMPLE);
    }

    private static @Nullable Integer port(@Nullable String text) {
        if (text == null) {
            return null;
        }
        int port = EnvironmentVariables.port(text);
        if (port < 0) {
            throw unusable("must have a port between 1 and 65535");
        }
        return port;
    }

    private static @Nullable String decoded(@Nullable String login) {
        try {
            return login == null
                    ? null
                    : emptyToNull(URLDecoder.decode(login.replace("+", "%2B"), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException malformed) {
            // Not as a cause: it may quote the password.
            throw unusable("has a % in its user name or password that is not followed by two hexadecimal digits"
                    + " (write %25 for the percent sign itself)");
        }
    }

    private static @Nullable String emptyToNull(@Nullable String text) {
        return StringUtils.hasLength(text) ? text : null;
    }
}

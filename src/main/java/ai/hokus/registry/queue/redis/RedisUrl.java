package ai.hokus.registry.queue.redis;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.StartupRefusedException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What {@code REDIS_URL} says: {@code redis://} or {@code rediss://}, or a bare {@code host[:port]}. A part that is null
 * is left to the other variables.
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

    static final RedisUrl NONE = new RedisUrl(null, null, null, null, null, 0);

    /** Fits everything. The login ends at the last @: a password may contain an unencoded one, a host cannot. */
    private static final Pattern PARTS = Pattern.compile(
            "(?:(?i:redis(?<tls>s)?)(?<scheme>://))?+(?<login>(?<username>[^:]*)(?::(?<password>.*))?@)?"
                    + "(?<host>\\[[^]]*]|[^:/]*)(?::(?<port>[^/]*))?(?:/(?<database>.*))?",
            Pattern.DOTALL);

    private static final Pattern DATABASE = Pattern.compile("[0-9]{0,5}");

    /** @throws StartupRefusedException when it is no URL of a Redis */
    static RedisUrl parse(String url) {
        Matcher parts = PARTS.matcher(url);
        boolean hasHost = parts.matches() && EnvironmentVariables.isHost(parts.group("host"));
        boolean hasScheme = parts.group("scheme") != null;
        String database = parts.group("database");
        if (!hasScheme && (!hasHost || parts.group("login") != null || database != null)) {
            throw unusable("must start with redis:// or rediss://, or be a host name, with or without a port");
        }
        String username = decoded(parts.group("username"));
        String password = decoded(parts.group("password"));
        if (password != null && password.isEmpty()) {
            throw unusable("has an empty password");
        }
        if (!hasHost) {
            throw unusable("has no usable host name");
        }
        if (database != null && !DATABASE.matcher(database).matches()) {
            throw unusable("may have nothing but the number of a database after the port");
        }
        return new RedisUrl(
                hasScheme ? parts.group("tls") != null : null,
                username == null || username.isEmpty() ? null : username,
                password,
                parts.group("host"),
                port(parts.group("port")),
                database == null || database.isEmpty() ? 0 : Integer.parseInt(database));
    }

    static StartupRefusedException unusable(String problem) {
        return RedisEnvironment.unusable(VARIABLE, problem, "rediss://:PASSWORD@cache.internal:6379");
    }

    private static @Nullable Integer port(@Nullable String text) {
        if (text != null && EnvironmentVariables.port(text) < 0) {
            throw unusable("must have a port between 1 and 65535");
        }
        return text == null ? null : Integer.valueOf(text);
    }

    private static @Nullable String decoded(@Nullable String login) {
        try {
            return login == null ? null : URLDecoder.decode(login.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException malformed) {
            // Not as a cause: it may quote the password.
            throw unusable("has a % in its user name or password that is not followed by two hexadecimal digits"
                    + " (write %25 for the percent sign itself)");
        }
    }
}

package ai.hokus.registry.queue.redis;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.StartupRefusedException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
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

    private static final Pattern HOST_PORT_DATABASE =
            Pattern.compile("(?<host>\\[[^]]*]|[^:/\\[\\]]*)" + "(:(?<port>[^/]*))?(/(?<database>.*))?");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");

    private static final String EXAMPLE = "rediss://:PASSWORD@cache.internal:6379";

    /** @throws StartupRefusedException when it is no URL of a Redis */
    static RedisUrl parse(String url) {
        String lowerCase = url.toLowerCase(Locale.ROOT);
        if (lowerCase.startsWith("redis://") || lowerCase.startsWith("rediss://")) {
            return withScheme(lowerCase.startsWith("rediss://"), url.substring(url.indexOf("//") + 2));
        }
        Matcher place = HOST_PORT_DATABASE.matcher(url);
        if (!place.matches() || place.group("database") != null || !EnvironmentVariables.isHost(place.group("host"))) {
            throw unusable("must start with redis:// or rediss://, or be a host name, with or without a port");
        }
        return new RedisUrl(null, null, null, place.group("host"), port(place), 0);
    }

    private static RedisUrl withScheme(boolean tls, String rest) {
        // The last one: a password may contain an @ that nobody encoded, a host cannot.
        int at = rest.lastIndexOf('@');
        String username = null;
        String password = null;
        if (at >= 0) {
            String login = rest.substring(0, at);
            int colon = login.indexOf(':');
            username = emptyToNull(decoded(colon < 0 ? login : login.substring(0, colon)));
            password = colon < 0 ? null : emptyToNull(decoded(login.substring(colon + 1)));
            if (colon >= 0 && password == null) {
                throw unusable("has an empty password");
            }
        }
        Matcher place = HOST_PORT_DATABASE.matcher(rest.substring(at + 1));
        if (!place.matches() || !EnvironmentVariables.isHost(place.group("host"))) {
            throw unusable("has no usable host name");
        }
        String database = emptyToNull(place.group("database"));
        if (database != null && !NUMBER.matcher(database).matches()) {
            throw unusable("may have nothing but the number of a database after the port");
        }
        return new RedisUrl(
                tls,
                username,
                password,
                place.group("host"),
                port(place),
                database == null ? 0 : Integer.parseInt(database));
    }

    static StartupRefusedException unusable(String problem) {
        return RedisEnvironment.unusable(VARIABLE, problem, EXAMPLE);
    }

    private static @Nullable Integer port(Matcher place) {
        if (place.group("port") == null) {
            return null;
        }
        int port = EnvironmentVariables.port(place.group("port"));
        if (port < 0) {
            throw unusable("must have a port between 1 and 65535");
        }
        return port;
    }

    private static String decoded(String login) {
        try {
            return URLDecoder.decode(login.replace("+", "%2B"), StandardCharsets.UTF_8);
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

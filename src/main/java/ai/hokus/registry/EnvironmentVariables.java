package ai.hokus.registry;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;
import org.springframework.util.StringUtils;

/**
 * Reads variables that say where a server is and how to log in to it. A blank one counts as not set, and values are taken
 * literally: the environment's own getProperty would treat <code>${</code> in a password as a placeholder.
 */
public record EnvironmentVariables(ConfigurableEnvironment environment) {

    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9_.-]+|\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9]+)?]");
    private static final Pattern LOOPBACK = Pattern.compile("(?i)localhost|127\\..*|\\[::1]");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,5}");
    private static final int MAX_PORT = 65_535;

    /** Null: not set. */
    public @Nullable String read(String variable) {
        for (PropertySource<?> source : environment.getPropertySources()) {
            Object value = source.getProperty(variable);
            if (value != null) {
                return StringUtils.hasText(value.toString()) ? value.toString() : null;
            }
        }
        return null;
    }

    public List<String> set(String... variables) {
        return Stream.of(variables).filter(variable -> read(variable) != null).toList();
    }

    /**
     * The value on which two variables agree, or that one of them has.
     *
     * @param difference why both cannot be right if they differ, without the full stop
     * @throws StartupRefusedException if they are not the same
     */
    public static @Nullable String agreed(
            String variable, @Nullable String value, String other, @Nullable String otherValue, String difference) {
        if (value != null && otherValue != null && !value.equals(otherValue)) {
            throw StartupRefusedException.contradiction(other, variable, difference);
        }
        return value == null ? otherValue : value;
    }

    /** The names, followed by "is" or "are". */
    public static String are(List<String> names) {
        return String.join(", ", names) + (names.size() == 1 ? " is" : " are");
    }

    /** Whether it is a host's name or address; IPv6 in brackets. */
    public static boolean isHost(String text) {
        return HOST.matcher(text).matches();
    }

    /** Whether traffic to this host crosses no network. */
    public static boolean isLoopback(String host) {
        return LOOPBACK.matcher(host).matches();
    }

    /** Returns -1 if the text is not a port. */
    public static int port(String text) {
        int port = NUMBER.matcher(text).matches() ? Integer.parseInt(text) : -1;
        return port >= 1 && port <= MAX_PORT ? port : -1;
    }
}

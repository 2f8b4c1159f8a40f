package ai.hokus.registry.database;

import ai.hokus.registry.EnvironmentVariables;
import ai.hokus.registry.SecretFile;
import ai.hokus.registry.StartupRefusedException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/**
 * Where the database is and who connects: {@code spring.datasource...}, and {@code DB_HOST}, {@code DB_PORT}, {@code DB_NAME},
 * {@code DB_USER} and {@code DB_PASSWORD}, which the original's task definition sets. Without a URL all five must be set, or
 * none; beside a URL they complete the login, and must not contradict the URL.
 *
 * <p>A blank variable counts as not set. Those that begin with {@code DB_} are taken literally: a password may contain
 * <code>${</code>.
 */
final class DatabaseVariables {

    static final String URL = "spring.datasource.url";

    /** The schema of this service's tables, which keeps them separate from the original's in the same database. */
    static final String SCHEMA = "registration_outbox";

    private static final String HOST = "DB_HOST";
    private static final String PORT = "DB_PORT";
    private static final String NAME = "DB_NAME";
    private static final String USER = "DB_USER";
    private static final String PASSWORD = "DB_PASSWORD";
    private static final String PASSWORD_FILE = "DB_PASSWORD_FILE";

    private static final String SPRING_URL = "SPRING_DATASOURCE_URL";
    private static final String SPRING_PASSWORD = "SPRING_DATASOURCE_PASSWORD";
    private static final String SPRING_PASSWORD_FILE = "SPRING_DATASOURCE_PASSWORD_FILE";

    /** Part of the name of the property source that is this service's own application.yaml. */
    private static final String OWN_DEFAULTS = "class path resource [application.yaml]";

    private final ConfigurableEnvironment environment;
    private final EnvironmentVariables variables;

    DatabaseVariables(ConfigurableEnvironment environment) {
        this.environment = environment;
        this.variables = new EnvironmentVariables(environment);
    }

    /**
     * The URL that the five variables make; empty if none of them is set, or another URL is configured.
     *
     * @throws StartupRefusedException if some are missing or unusable, or contradict the other URL
     */
    Optional<String> url() {
        String other = configured(URL);
        if (other != null) {
            checkAgreement(other);
            return Optional.empty();
        }
        List<String> set = variables.set(HOST, PORT, NAME, USER, PASSWORD, PASSWORD_FILE);
        if (set.isEmpty()) {
            if (environment.containsProperty(URL)
                    && environment.getProperty(URL, "").isBlank()) {
                throw new StartupRefusedException(
                        SPRING_URL + " is empty: a database in memory would be used, which ends with the process.",
                        "Set " + SPRING_URL
                                + ", or remove it: then the embedded database is used, with its file in ./data.");
            }
            return Optional.empty();
        }
        List<String> missing = missing();
        if (!missing.isEmpty()) {
            throw new StartupRefusedException(
                    EnvironmentVariables.are(set) + " set, but " + EnvironmentVariables.are(missing)
                            + " not: this service does not guess where its database is.",
                    "Set " + String.join(", ", missing) + " too, or " + SPRING_URL
                            + " in place of the variables that begin"
                            + " with DB_. For the embedded database, remove them all.");
        }
        // The name is encoded, so that nothing in it is taken for URL syntax or for a placeholder of Spring's.
        return Optional.of("jdbc:postgresql://" + host() + ":" + port() + "/"
                + URLEncoder.encode(String.valueOf(variables.read(NAME)), StandardCharsets.UTF_8)
                        .replace("+", "%20")
                + "?currentSchema=" + SCHEMA);
    }

    /**
     * @param username Spring's, defaults included; so is the password
     * @throws StartupRefusedException if two variables contradict each other, or a password's file cannot be read
     */
    DatabaseLogin login(@Nullable String username, @Nullable String password) {
        String user = user();
        String who = user == null ? username : user;
        String plain = plainPassword();
        String name = passwordFile();
        if (name == null) {
            return new DatabaseLogin(who, plain == null ? password : plain, null);
        }
        SecretFile file =
                new SecretFile(variables.read(PASSWORD_FILE) == null ? SPRING_PASSWORD_FILE : PASSWORD_FILE, name);
        if (plain != null) {
            throw StartupRefusedException.contradiction(
                    variables.read(PASSWORD) == null ? SPRING_PASSWORD : PASSWORD,
                    file.variable(),
                    "the password of one would hide a new one in the other");
        }
        return new DatabaseLogin(who, file.require(), file);
    }

    private List<String> missing() {
        List<String> missing = new ArrayList<>(List.of(HOST, PORT, NAME));
        missing.removeAll(variables.set(HOST, PORT, NAME));
        if (user() == null) {
            missing.add(USER);
        }
        if (plainPassword() == null && passwordFile() == null) {
            missing.add(PASSWORD);
        }
        return missing;
    }

    private @Nullable String user() {
        return agreed(USER, "spring.datasource.username", "they name different users");
    }

    private @Nullable String plainPassword() {
        return agreed(PASSWORD, "spring.datasource.password", "they hold different passwords");
    }

    private @Nullable String passwordFile() {
        return agreed(PASSWORD_FILE, "spring.datasource.password-file", "they name different files");
    }

    private @Nullable String agreed(String variable, String property, String difference) {
        String other = property.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
        return EnvironmentVariables.agreed(variable, variables.read(variable), other, configured(property), difference);
    }

    private String host() {
        String host = String.valueOf(variables.read(HOST));
        if (!EnvironmentVariables.isHost(host)) {
            throw new StartupRefusedException(
                    HOST
                            + " must be a host name or an address alone, an IPv6 address in brackets, for example db.internal.",
                    "Correct " + HOST + "; the port goes into " + PORT + ".");
        }
        return host;
    }

    private int port() {
        int port = EnvironmentVariables.port(String.valueOf(variables.read(PORT)));
        if (port < 0) {
            throw new StartupRefusedException(
                    PORT + " must be a number between 1 and 65535, for example 5432.", "Correct " + PORT + ".");
        }
        return port;
    }

    /** A URL may name several servers; a pooler or a wrapper may stand in front of them. */
    private void checkAgreement(String url) {
        Properties parts = url.contains(":postgresql:")
                ? Driver.parseURL("jdbc" + url.substring(url.indexOf(":postgresql:")), new Properties())
                : new Properties();
        if (parts == null) {
            return; // the driver will say what is wrong with it
        }
        checkAgreement(HOST, parts.getProperty("PGHOST", ""), "they name different hosts");
        checkAgreement(PORT, parts.getProperty("PGPORT", ""), "they name different ports");
        checkAgreement(NAME, parts.getProperty("PGDBNAME", ""), "they name different databases");
    }

    private void checkAgreement(String variable, String inUrl, String difference) {
        String value = variables.read(variable);
        if (value != null && Stream.of(inUrl.split(",")).noneMatch(value::equalsIgnoreCase)) {
            throw StartupRefusedException.contradiction(SPRING_URL, variable, difference);
        }
    }

    /** A property, in any spelling, if it is set anywhere but in our own application.yaml; null: not set, or blank. */
    @Nullable
    String configured(String name) {
        List<PropertySource<?>> sources = environment.getPropertySources().stream()
                .takeWhile(source -> !source.getName().contains(OWN_DEFAULTS))
                .toList();
        String value = new Binder(
                        ConfigurationPropertySources.from(sources),
                        new PropertySourcesPlaceholdersResolver(environment))
                .bind(name, String.class)
                .orElse("");
        return value.isBlank() ? null : value;
    }
}

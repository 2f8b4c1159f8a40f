package ai.hokus.registry.database;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.StartupRefusedException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns a database's error at start-up into a sentence for operators, if they can fix it. */
final class DatabaseProblem {

    /** By SQL state. For the states of H2 below, these are its error codes. */
    private static final List<Known> KNOWN = List.of(
            new Known(
                    "28P01|28000",
                    "The database %s does not accept this user or password",
                    "Correct spring.datasource.username and spring.datasource.password, or what is set in their place"
                            + " (DB_USER, DB_PASSWORD, a password's file), or the user in the database."),
            new Known(
                    "3D000",
                    "The database %s does not exist on its server",
                    "Create it with CREATE DATABASE ... ENCODING 'UTF8', or correct its name in spring.datasource.url."),
            new Known(
                    "42501",
                    "This user lacks a right in the database %s",
                    "Let the user own the database, as in docs/deployment.md, or as its owner run"
                            + " GRANT CONNECT, CREATE ON DATABASE ... TO ...; GRANT USAGE, CREATE ON SCHEMA ... TO ...;"),
            new Known(
                    "25006",
                    "The database %s refuses writes, and its tables are not up to date",
                    "Connect to the primary: put targetServerType=primary into spring.datasource.url, or end what makes"
                            + " the database read-only."),
            new Known(
                    "53300",
                    "The database %s has no connection left",
                    "Raise its max_connections, or lower spring.datasource.hikari.maximum-pool-size."),
            new Known("53100", "The disk of the database %s is full", "Make room on it."),
            new Known(
                    "57P0[123]",
                    "The database %s is starting, recovering or shutting down",
                    "Start this service again when the database is up."),
            new Known(
                    "90020",
                    "The database %s is in use by another process",
                    "Stop that process, or put AUTO_SERVER=TRUE into the URL of both, as in the default URL."),
            new Known(
                    "90024|90025|90028|90031|90034|90035|90062",
                    "The database %s can be neither read nor created in its folder",
                    "Make the folder writable for the user that runs this service, or set another path in"
                            + " spring.datasource.url. A container needs a volume there."),
            new Known(
                    "90030|90048",
                    "The file of the database %s is damaged, or of another version of H2",
                    "Restore it from a backup, or open it with the build that wrote it."),
            new Known(
                    "90013|90146",
                    "The database %s does not exist, and IFEXISTS=TRUE forbids creating it",
                    "Correct the path in spring.datasource.url, or remove IFEXISTS=TRUE from it."),
            new Known(
                    "08(?!000)...", // 08000 is H2's: a file that cannot be opened
                    "The database %s cannot be reached, or refuses the connection",
                    "Is it up? Check host and port in spring.datasource.url, and the network between here and there."));

    private static final Pattern UNREADABLE = Pattern.compile(".*:postgresql:([^?]*@.*|//[^/?]+(\\?.*)?)");

    private DatabaseProblem() {}

    /** Empty: not known to be something that an operator can fix. */
    static Optional<StartupRefusedException> of(Throwable failure, @Nullable String url) {
        return SqlFailure.causes(failure)
                .flatMap(cause -> describe(cause, address(url)).stream())
                .findFirst();
    }

    /**
     * Refuses a URL of PostgreSQL that has an @ before its parameters, or no database. The driver has no other place for a
     * password than the parameters: it would take {@code USER:PASSWORD@} for a part of the host, and print it.
     */
    static void checkUrl(@Nullable String url) {
        if (UNREADABLE.matcher(String.valueOf(url)).matches()) {
            throw new StartupRefusedException(
                    "The database's URL has a user before its host (USER:PASSWORD@HOST), or no database after it.",
                    "Write jdbc:postgresql://HOST:PORT/DATABASE in spring.datasource.url (or spring.flyway.url), the user in"
                            + " spring.datasource.username and the password in spring.datasource.password.");
        }
    }

    /** A JDBC URL without its parameters and its user, among which there may be a password. */
    static String address(@Nullable String url) {
        return url == null
                ? "(no spring.datasource.url)"
                : url.replaceFirst("//([^/]*|[^?;]*)@", "//").split("[?;]", 2)[0];
    }

    private static Optional<StartupRefusedException> describe(SQLException failure, String where) {
        String said = String.valueOf(failure.getMessage()).strip().replaceAll("\\s+", " ");
        if (said.startsWith("Unable to parse URL")) {
            // The driver's own sentence is left out: it repeats the URL, which may contain a password.
            return Optional.of(new StartupRefusedException(
                    "spring.datasource.url, " + where + ", is not an address that the driver can read.",
                    "Check its host, its port and its database: jdbc:postgresql://HOST:PORT/DATABASE.",
                    failure));
        }
        if (said.startsWith("No suitable driver")) { // likewise
            return Optional.of(new StartupRefusedException(
                    "There is no driver for spring.datasource.url, " + where + ".",
                    "Use jdbc:postgresql: or jdbc:h2:, or add the driver's jar to the class path.",
                    failure));
        }
        return KNOWN.stream()
                .filter(known -> String.valueOf(failure.getSQLState()).matches(known.states()))
                .map(known -> new StartupRefusedException(
                        known.problem().formatted(where) + " (" + said + ").", known.action(), failure))
                .findFirst();
    }

    /**
     * @param states a pattern of SQL states
     * @param problem with %s for the database
     */
    private record Known(String states, String problem, String action) {}
}

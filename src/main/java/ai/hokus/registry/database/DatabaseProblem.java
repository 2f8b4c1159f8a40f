package ai.hokus.registry.database;

import ai.hokus.registry.StartupRefusedException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns what a database says at start-up into a sentence for operators, where it is something that they can mend. */
final class DatabaseProblem {

    private static final String CORRECT_USER =
            "Correct spring.datasource.username and spring.datasource.password, or what is set in their place (DB_USER,"
                    + " DB_PASSWORD, a password's file), or the user in the database.";

    private DatabaseProblem() {}

    /** Empty: nothing that an operator is known to be able to mend. */
    static Optional<StartupRefusedException> of(Throwable failure, @Nullable String url) {
        return Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
                .filter(SQLException.class::isInstance)
                .map(SQLException.class::cast)
                .flatMap(cause -> describe(cause, address(url)).stream())
                .findFirst();
    }

    /** A JDBC URL without its parameters, among which there may be a password. */
    static String address(@Nullable String url) {
        return url == null ? "(no spring.datasource.url)" : url.split("[?;]", 2)[0];
    }

    private static Optional<StartupRefusedException> describe(SQLException failure, String where) {
        boolean h2 = where.startsWith("jdbc:h2:");
        return h2 ? describeH2(failure, where) : describePostgres(failure, where);
    }

    private static Optional<StartupRefusedException> describeH2(SQLException failure, String where) {
        return switch (failure.getErrorCode()) {
            case 28000 -> problem(failure, "The database " + where + " has another user or password", CORRECT_USER);
            case 90020 ->
                problem(
                        failure,
                        "The database " + where + " is in use by another process",
                        "Stop that process, or put AUTO_SERVER=TRUE into the URL of both, as the default has it.");
            case 90024, 90025, 90028, 90031, 90034, 90035, 90062 ->
                problem(
                        failure,
                        "The database " + where + " can be neither read nor created in its folder",
                        "Make the folder writable for the user that runs this service, or set another path in"
                                + " spring.datasource.url. A container needs a volume there.");
            case 90097 ->
                problem(
                        failure,
                        "The database " + where + " can only be read",
                        "Make its file and its folder writable for the user that runs this service.");
            case 90030, 90048 ->
                problem(
                        failure,
                        "The file of the database " + where + " is damaged, or of another version of H2",
                        "Restore it from a backup, or open it with the build that wrote it.");
            case 90013, 90146 ->
                problem(
                        failure,
                        "The database " + where + " does not exist, and IFEXISTS=TRUE forbids to create it",
                        "Correct the path in spring.datasource.url, or remove IFEXISTS=TRUE from it.");
            default -> noDriver(failure, where);
        };
    }

    private static Optional<StartupRefusedException> describePostgres(SQLException failure, String where) {
        String state = String.valueOf(failure.getSQLState());
        return switch (state) {
            case "28P01", "28000" ->
                problem(failure, "The database " + where + " does not accept this user or password", CORRECT_USER);
            case "3D000" ->
                problem(
                        failure,
                        "The database " + where + " does not exist on its server",
                        "Create it with CREATE DATABASE ... ENCODING 'UTF8', or correct its name in"
                                + " spring.datasource.url.");
            case "42501" ->
                problem(
                        failure,
                        "This user lacks a right in the database " + where,
                        "Let the user own the database, as docs/deployment.md has it, or as its owner run"
                                + " GRANT CONNECT, CREATE ON DATABASE ... TO ...; GRANT USAGE, CREATE ON SCHEMA ... TO ...;");
            case "25006" ->
                problem(
                        failure,
                        "The database " + where + " refuses writes, and its tables are not up to date",
                        "Connect to the primary: put targetServerType=primary into spring.datasource.url, or end what"
                                + " makes the database read-only.");
            case "53300" ->
                problem(
                        failure,
                        "The database " + where + " has no connection left",
                        "Raise its max_connections, or lower spring.datasource.hikari.maximum-pool-size.");
            case "53100" -> problem(failure, "The disk of the database " + where + " is full", "Make room on it.");
            case "57P01", "57P02", "57P03" ->
                problem(
                        failure,
                        "The database " + where + " is starting, recovering or shutting down",
                        "Start this service again when the database is up.");
            default ->
                noDriver(failure, where)
                        .or(() -> state.startsWith("08")
                                ? problem(
                                        failure,
                                        "The database " + where + " cannot be reached, or refuses the connection",
                                        "Is it up? Check host and port in spring.datasource.url, and the network between"
                                                + " here and there.")
                                : Optional.empty());
        };
    }

    private static Optional<StartupRefusedException> noDriver(SQLException failure, String where) {
        if (String.valueOf(failure.getMessage()).startsWith("Unable to parse URL")) {
            // What the driver says repeats the URL, with a password that may be in it.
            return Optional.of(new StartupRefusedException(
                    "spring.datasource.url, " + where + ", is not an address that the driver can read.",
                    "Check its host, its port and its database: jdbc:postgresql://HOST:PORT/DATABASE.",
                    failure));
        }
        return String.valueOf(failure.getMessage()).startsWith("No suitable driver")
                ? problem(
                        failure,
                        "There is no driver for spring.datasource.url, " + where,
                        "Use jdbc:postgresql: or jdbc:h2:, or add the driver's jar to the class path.")
                : Optional.empty();
    }

    /** Ends with what the database itself said, on one line. */
    private static Optional<StartupRefusedException> problem(SQLException failure, String problem, String action) {
        String said = String.valueOf(failure.getMessage()).strip().replaceAll("\\s+", " ");
        return Optional.of(new StartupRefusedException(problem + " (" + said + ").", action, failure));
    }
}

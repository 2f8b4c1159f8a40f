package ai.hokus.registry.database;

import ai.hokus.registry.SecretFile;
import ai.hokus.registry.StartupRefusedException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who connects to the database, and with which password. Where a file holds the password, each new connection reads it.
 *
 * <p>While a password changes, file and server differ for a while, whichever is first. So a connection that is refused with the
 * file's password is opened with the one that was accepted last.
 *
 * <p>Thread-safe.
 */
final class DatabaseLogin {

    private static final Logger log = LoggerFactory.getLogger(DatabaseLogin.class);

    /** A driver's part of it. */
    interface Opener {
        Connection open(@Nullable String username, @Nullable String password) throws SQLException;
    }

    private final @Nullable String username;

    /** Null where there is a file, or no password. */
    private final @Nullable String fixedPassword;

    private final @Nullable Source source;

    private DatabaseLogin(@Nullable String username, @Nullable String fixedPassword, @Nullable Source source) {
        this.username = username;
        this.fixedPassword = fixedPassword;
        this.source = source;
    }

    /** With a password that never changes; null: none. */
    static DatabaseLogin withPassword(@Nullable String username, @Nullable String password) {
        return new DatabaseLogin(username, password, null);
    }

    /**
     * With the password in a file.
     *
     * @param variable that names the file, for messages
     * @throws StartupRefusedException if there is no password in it
     */
    static DatabaseLogin withPasswordFile(@Nullable String username, String variable, SecretFile file) {
        // Without the file's name: somebody may have put the password itself there.
        String password = file.read()
                .orElseThrow(() -> new StartupRefusedException(
                        variable + " must name a readable file that holds the database's password.",
                        "Correct " + variable + ", for example to /run/secrets/database-password, or fill the file."));
        return new DatabaseLogin(username, null, new Source(variable, file, password));
    }

    /** The same for another user, or with another password, which then never changes; null: as here. */
    DatabaseLogin with(@Nullable String otherUsername, @Nullable String otherPassword) {
        if (otherUsername == null && otherPassword == null) {
            return this;
        }
        String user = otherUsername == null ? username : otherUsername;
        return otherPassword == null
                ? new DatabaseLogin(user, fixedPassword, source)
                : withPassword(user, otherPassword);
    }

    boolean hasFile() {
        return source != null;
    }

    /** Whether the file holds another password than the one that was accepted last. Reads it. */
    boolean hasNews() {
        return source != null && !source.read().equals(source.accepted);
    }

    /** Whether another password was accepted since a connection was opened with this one. */
    boolean isOutdated(String openedWith) {
        return source != null && !openedWith.equals(source.accepted);
    }

    /**
     * Opens a connection.
     *
     * @throws SQLException as the driver has it; for an authentication that fails only if every password fails that could be
     *     the right one
     */
    Connection connect(Opener opener) throws SQLException {
        if (source == null) {
            return opener.open(username, fixedPassword);
        }
        String inFile = source.read();
        try {
            return accepted(source, inFile, opener.open(username, inFile));
        } catch (SQLException e) {
            if (!isRefusal(e)) {
                throw e;
            }
            String former = source.accepted;
            if (former != null && !former.equals(inFile)) {
                warnOnce(source, inFile);
                return opener.open(username, former);
            }
            String again = source.read();
            if (again.equals(inFile)) {
                throw e;
            }
            return accepted(source, again, opener.open(username, again));
        }
    }

    private static Connection accepted(Source source, String password, Connection connection) {
        synchronized (source) {
            String former = source.accepted;
            // A password that the file has lost since it was read must not take the place of the one that came after
            // it.
            if (password.equals(source.last) && !password.equals(former)) {
                source.accepted = password;
                if (former != null) {
                    log.info(
                            "The database accepts the new password in {}: connections are renewed one by one.",
                            source.variable);
                }
            }
        }
        return connection;
    }

    private static void warnOnce(Source source, String password) {
        synchronized (source) {
            if (password.equals(source.refused)) {
                return;
            }
            source.refused = password;
        }
        log.warn(
                "The database does not accept the password that {} holds since it changed. Connections that are open stay in"
                        + " use, and new ones are opened with the password of before, until the database accepts it.",
                source.variable);
    }

    /** Class 28: invalid authorization. Poolers put it as 08P01. */
    private static boolean isRefusal(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        return state.startsWith("28") || state.equals("08P01");
    }

    /** Where the password is read, and what became of it. Writes are guarded by the object itself. */
    private static final class Source {

        private final String variable;
        private final SecretFile file;

        /** As it was last in the file. */
        private volatile String last;

        /** Null before the first connection. */
        private volatile @Nullable String accepted;

        private @Nullable String refused;

        Source(String variable, SecretFile file, String password) {
            this.variable = variable;
            this.file = file;
            this.last = password;
        }

        /** What the file holds, or held last while it is away or empty. */
        String read() {
            String password = file.read().orElse(last);
            last = password;
            return password;
        }
    }
}

package ai.hokus.registry.database;

import ai.hokus.registry.SecretFile;
import ai.hokus.registry.StartupRefusedException;
import org.jspecify.annotations.Nullable;

/**
 * Who connects to the database, and with which password.
 *
 * @param password at the start; {@link PasswordRenewal} follows a file's
 * @param file that holds the password; null: it never changes
 * @param variable that names the file, for messages; empty: there is none
 */
record DatabaseLogin(
        @Nullable String username,
        @Nullable String password,
        @Nullable SecretFile file,
        String variable) {

    /** With a password that never changes; null: none. */
    DatabaseLogin(@Nullable String username, @Nullable String password) {
        this(username, password, null, "");
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
        return new DatabaseLogin(username, password, file, variable);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "login of " + username;
    }
}

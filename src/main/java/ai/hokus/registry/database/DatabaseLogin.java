package ai.hokus.registry.database;

import ai.hokus.registry.SecretFile;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Who connects to the database, and with which password.
 *
 * @param password at the start; {@link PasswordRenewal} follows a file's
 * @param file that holds the password; null: it never changes
 */
record DatabaseLogin(
        @Nullable String username,
        @Nullable String password,
        @Nullable SecretFile file) {

    /** For somebody else, or with another password, which then never changes; null: as here. */
    DatabaseLogin with(@Nullable String otherUsername, @Nullable String otherPassword) {
        String user = otherUsername == null ? username : otherUsername;
        return otherPassword == null
                ? new DatabaseLogin(user, password, file)
                : new DatabaseLogin(user, otherPassword, null);
    }

    /** As the file has it now; while that is away or empty, and where there is none, as at the start. */
    @Nullable
    String currentPassword() {
        return file == null ? password : file.read().orElse(password);
    }

    /** Whether user or password was refused. Class 28: invalid authorization. Poolers put it as 08P01. */
    static boolean isRefusal(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        return state.startsWith("28") || state.equals("08P01");
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "login of " + username;
    }
}

package ai.hokus.registry.database;

import ai.hokus.registry.SecretFile;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Who connects to the database, and with which password.
 *
 * @param password at the start; the file's content may change later
 * @param file that holds the password; null: it never changes
 */
record DatabaseLogin(
        @Nullable String username,
        @Nullable String password,
        @Nullable SecretFile file) {

    /** This login with another user or password, null: unchanged. A password that is given here never changes. */
    DatabaseLogin with(@Nullable String otherUsername, @Nullable String otherPassword) {
        String user = otherUsername == null ? username : otherUsername;
        return otherPassword == null
                ? new DatabaseLogin(user, password, file)
                : new DatabaseLogin(user, otherPassword, null);
    }

    /** What the file holds now; the password at the start if there is no file, or it is missing or empty for a moment. */
    @Nullable
    String currentPassword() {
        return file == null ? password : file.read().orElse(password);
    }

    /** Whether user or password was refused: class 28 (invalid authorization), or 08P01, which poolers answer. */
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

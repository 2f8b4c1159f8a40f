package ai.hokus.registry.security;

import java.util.Locale;

/** In which ways a question to the auth service can come to nothing. */
enum AuthServiceTrouble {
    TIMEOUT,
    UNREACHABLE,
    SERVER_ERROR,
    THROTTLED,
    UNREADABLE,
    UNEXPECTED_STATUS;

    /** The metric's tag. */
    String cause() {
        return name().toLowerCase(Locale.ROOT);
    }
}

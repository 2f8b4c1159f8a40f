package ai.hokus.registry.security;

/** In which ways a question to the auth service can come to nothing. */
enum AuthServiceTrouble {
    TIMEOUT("timeout"),
    UNREACHABLE("unreachable"),
    SERVER_ERROR("server_error"),
    THROTTLED("throttled"),
    UNREADABLE("unreadable"),
    UNEXPECTED_STATUS("unexpected_status");

    private final String cause;

    AuthServiceTrouble(String cause) {
        this.cause = cause;
    }

    /** The metric's tag. */
    String cause() {
        return cause;
    }
}

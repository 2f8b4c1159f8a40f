package ai.hokus.registry.queue.redis;

/** A {@code REDIS_...} variable is unusable; stops start-up. Holds no value of any variable: it might be a password. */
class InvalidRedisSettingsException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    /**
     * @param variable the one to change
     * @param problem what is wrong, as the rest of a sentence that starts with the variable's name
     * @param example a value that would do
     */
    InvalidRedisSettingsException(String variable, String problem, String example) {
        super(variable + " " + problem + ", for example " + example + ".");
        this.action = "Correct " + variable + ", or remove all REDIS_ variables: the service then accepts"
                + " registrations and keeps their messages until a Redis is configured.";
    }

    private InvalidRedisSettingsException(String message, String action) {
        super(message);
        this.action = action;
    }

    /**
     * Two variables that cannot both be right.
     *
     * @param why as a sentence of its own, without the full stop
     */
    static InvalidRedisSettingsException contradiction(String one, String other, String why) {
        return new InvalidRedisSettingsException(
                one + " and " + other + " contradict each other: " + why + ".",
                "Remove " + one + " or " + other + ", or make them say the same.");
    }

    String action() {
        return action;
    }
}

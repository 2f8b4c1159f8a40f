package ai.hokus.registry;

import org.springframework.boot.diagnostics.FailureAnalyzedException;

/**
 * The service cannot start, and an operator can fix that. Start-up ends with these two sentences and exit code 1, without a
 * stack trace. Neither sentence may contain a secret.
 */
public class StartupRefusedException extends FailureAnalyzedException {

    private static final long serialVersionUID = 1L;

    /**
     * @param problem what is wrong, and where
     * @param action what the operator can do about it
     */
    public StartupRefusedException(String problem, String action) {
        super(problem, action);
    }

    /** As the other constructor; {@code cause} is for debuggers only. */
    public StartupRefusedException(String problem, String action, Throwable cause) {
        super(problem, action, cause);
    }

    /**
     * Two variables that cannot both be right.
     *
     * @param why without the full stop
     */
    public static StartupRefusedException contradiction(String one, String other, String why) {
        return new StartupRefusedException(
                one + " and " + other + " contradict each other: " + why + ".",
                "Remove " + one + " or " + other + ", or make them say the same.");
    }
}

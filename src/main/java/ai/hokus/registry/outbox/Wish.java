package ai.hokus.registry.outbox;

import org.jspecify.annotations.Nullable;

/**
 * Who wants something, why, and how.
 *
 * @param by the operator's name
 * @param reason not blank
 * @param dryRun only say what would happen
 * @param idempotencyKey what was done under this key before is not done again; null: none
 */
public record Wish(
        String by, String reason, boolean dryRun, @Nullable String idempotencyKey) {

    /** The columns that hold them have this room. */
    public static final int LONGEST_REASON = 1000;

    /** Likewise. */
    public static final int LONGEST_KEY = 255;

    public Wish {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw new IllegalArgumentException("a reason has 1 to " + LONGEST_REASON + " characters");
        }
    }
}

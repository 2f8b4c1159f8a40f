package ai.hokus.registry.security;

import ai.hokus.registry.SnakeCase;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the auth service answers this instance.
 *
 * @param lastAnswerAt when it last gave a verdict on a key, whichever; null: it has not
 * @param lastProblem why a question last came to nothing, as a clause about "it"; null: none has. Quotes neither a key nor an answer
 * @param lastProblemAt when that was; null: none has
 */
@SnakeCase
public record AuthServiceStatus(
        State state,
        @Nullable Instant lastAnswerAt,
        @Nullable String lastProblem,
        @Nullable Instant lastProblemAt) {

    public enum State {
        /** It was not asked yet, or for long. */
        UNKNOWN,
        /** It gives verdicts. */
        ANSWERING,
        /** Several questions in a row came to nothing: clients with keys that are not known yet are refused. */
        FAILING
    }
}

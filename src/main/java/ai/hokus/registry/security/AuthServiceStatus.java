package ai.hokus.registry.security;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the auth service answers this instance.
 *
 * @param lastAnswerAt when it last gave a verdict on any key; null: never
 * @param lastProblem why it last gave no verdict, as a clause about "it"; null: that never happened. Quotes neither a key nor
 *     an answer
 * @param lastProblemAt when that was; null: never
 */
public record AuthServiceStatus(
        State state,
        @Nullable Instant lastAnswerAt,
        @Nullable String lastProblem,
        @Nullable Instant lastProblemAt) {

    public enum State {
        /** It was not asked lately, or it has given no verdict yet, but too few failures to count as failing. */
        UNKNOWN,
        /** It gives verdicts. */
        ANSWERING,
        /** Several questions in a row got no verdict: clients whose keys it did not accept lately are refused. */
        FAILING
    }
}

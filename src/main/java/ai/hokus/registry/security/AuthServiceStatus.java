package ai.hokus.registry.security;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How the auth service answers this instance.
 *
 * @param lastAnswerAt when it last gave a verdict on a key, whichever; null: it has not
 * @param lastProblem why a question last came to nothing, as a clause about "it"; null: none has. Quotes neither a key nor an answer
 * @param lastProblemAt when that was; null: none has
 */
public record AuthServiceStatus(
        State state,
        @JsonProperty("last_answer_at") @Nullable Instant lastAnswerAt,
        @JsonProperty("last_problem") @Nullable String lastProblem,
        @JsonProperty("last_problem_at") @Nullable Instant lastProblemAt) {

    public enum State {
        /** It was not asked yet, or for long. */
        UNKNOWN,
        /** It gives verdicts. */
        ANSWERING,
        /** Several questions in a row came to nothing: clients with keys that are not known yet are refused. */
        FAILING
    }
}

package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.SteeringResult.Refused;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;

/** The answers that say what went wrong, as {@code application/problem+json}. */
final class OperatorProblem {

    private OperatorProblem() {}

    static ResponseEntity<Object> of(HttpStatus status, String detail) {
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(ProblemDetail.forStatusAndDetail(status, detail));
    }

    static ResponseEntity<Object> of(Refused refused) {
        HttpStatus status = switch (refused.reason()) {
            case NOT_FOUND -> HttpStatus.NOT_FOUND;
            case CONFLICT -> HttpStatus.CONFLICT;
            case TOO_MANY -> HttpStatus.UNPROCESSABLE_CONTENT;
        };
        return of(status, refused.detail());
    }

    /** 422: everything that is wrong with a request, one sentence each. */
    static ResponseEntity<Object> of(List<String> errors) {
        return of(HttpStatus.UNPROCESSABLE_CONTENT, String.join("; ", errors) + ".");
    }
}

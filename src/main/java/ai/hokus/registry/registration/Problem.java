package ai.hokus.registry.registration;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;

/** The answers that say what went wrong, as {@code application/problem+json}. */
final class Problem {

    private Problem() {}

    static ResponseEntity<Object> of(HttpStatus status, String detail) {
        return ResponseEntity.status(status)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(ProblemDetail.forStatusAndDetail(status, detail));
    }

    /** 422. The detail says for people what {@code errors} says for programs. */
    static ResponseEntity<Object> of(List<FieldError> errors) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(
                HttpStatus.UNPROCESSABLE_CONTENT,
                errors.stream()
                        .map(error -> error.field() + " " + error.message())
                        .collect(Collectors.joining("; ")));
        problem.setProperty("errors", errors);
        return ResponseEntity.unprocessableContent()
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    /** How it looks, for the API's description. */
    @Schema(name = "Problem", description = "What went wrong (RFC 9457)")
    record Document(
            @Schema(example = "Unprocessable Content") @JsonProperty("title")
            String title,

            @Schema(example = "422") @JsonProperty("status") int status,

            @Schema(
                    description = "For people: what is wrong, and what to do",
                    example = "model_name is required; baseline_value must be a number")
            @JsonProperty("detail")
            String detail,

            @Schema(example = "/models/tokenized-registration-events") @JsonProperty("instance")
            String instance,

            @Schema(description = "With 422: each thing that is wrong") @JsonProperty("errors")
            List<FieldError> errors) {}
}

package ai.hokus.registry.web;

import java.util.List;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;

/** The answers that say what went wrong, as {@code application/problem+json} (RFC 9457). */
public final class Problem {

    /** Seconds. Outages that end by themselves (a failover, a lock) take about that, or much longer. */
    private static final String RETRY_AFTER = "1";

    private Problem() {}

    /** An answer of this status; the detail says for people what happened, and what to do. */
    public static ResponseEntity<Object> of(HttpStatus status, String detail) {
        return answer(ProblemDetail.forStatusAndDetail(status, detail));
    }

    /** 422. The detail says for people what {@code errors} says for programs. */
    public static ResponseEntity<Object> of(List<FieldError> errors) {
        return answer(detail(errors));
    }

    /** 503, with a {@code Retry-After}. */
    public static ResponseEntity<Object> unavailable(String detail) {
        return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
                .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, detail));
    }

    /** 429, with a {@code Retry-After}, thrown. */
    public static ErrorResponseException tooManyRequests(String detail) {
        ErrorResponseException problem = exception(HttpStatus.TOO_MANY_REQUESTS, detail);
        problem.getHeaders().set(HttpHeaders.RETRY_AFTER, RETRY_AFTER);
        return problem;
    }

    /** {@link #of(HttpStatus, String)}, thrown: for what is found out where no answer can be returned. Headers may be added. */
    static ErrorResponseException exception(HttpStatus status, String detail) {
        return new ErrorResponseException(status, ProblemDetail.forStatusAndDetail(status, detail), null);
    }

    /** {@link #of(List)}, thrown. */
    public static ErrorResponseException exception(List<FieldError> errors) {
        return new ErrorResponseException(HttpStatus.UNPROCESSABLE_CONTENT, detail(errors), null);
    }

    private static ResponseEntity<Object> answer(ProblemDetail problem) {
        return ResponseEntity.status(problem.getStatus())
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    private static ProblemDetail detail(List<FieldError> errors) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(
                HttpStatus.UNPROCESSABLE_CONTENT,
                errors.stream()
                        .map(error -> error.field() + " " + error.message())
                        .collect(Collectors.joining("; ")));
        problem.setProperty("errors", errors);
        return problem;
    }
}

package ai.hokus.registry.operations;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.web.DatabaseFailureHandler;
import ai.hokus.registry.web.FieldError;
import ai.hokus.registry.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;

/**
 * Answers failures of operators' requests: 503 when the database or Redis fails, 422 when a parameter has the wrong type. Bugs
 * are left to the fallback handler of the module web.
 */
@RestControllerAdvice(assignableTypes = {OutboxQueryController.class, OperatorActionController.class})
@Order(Ordered.HIGHEST_PRECEDENCE)
class OperatorExceptionHandler implements DatabaseFailureHandler {

    private static final Logger log = LoggerFactory.getLogger(OperatorExceptionHandler.class);

    @Override
    public ResponseEntity<Object> databaseFailed(RuntimeException e, HttpServletRequest request) {
        log.warn(
                "{} {} was answered with 503: {}",
                request.getMethod(),
                request.getRequestURI(),
                SqlFailure.describe(e));
        return Problem.unavailable(
                "The database did not answer in time, so it is not known whether this was done. /outbox/operations says"
                        + " what was done; asking again under the same Idempotency-Key does nothing twice. If none was sent,"
                        + " asking again for a put-back also takes what has come into the list since.");
    }

    @ExceptionHandler
    ResponseEntity<Object> redisFailed(QueueUnavailableException e, HttpServletRequest request) {
        log.warn("{} {} was answered with 503: {}", request.getMethod(), request.getRequestURI(), e.getMessage());
        return Problem.unavailable("Redis refused, or did not answer in time, so this may have been done or not: "
                + e.getMessage() + ". No element is lost; asking again, under another Idempotency-Key if one was sent,"
                + " puts back what is in the list then.");
    }

    @ExceptionHandler
    ResponseEntity<Object> wrongKind(MethodArgumentTypeMismatchException e) {
        Class<?> wanted = e.getRequiredType();
        boolean number = wanted != null && (wanted.isPrimitive() || Number.class.isAssignableFrom(wanted));
        return Problem.of(List.of(
                new FieldError(e.getName(), number ? "must be a whole number within its range" : "must be a UUID")));
    }
}

package ai.hokus.registry.registration;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.ThrottledLog;
import ai.hokus.registry.web.DatabaseFailureHandler;
import ai.hokus.registry.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers when the database fails under this module's requests: 503, with what is known about the registration. */
@RestControllerAdvice(assignableTypes = {RegistrationController.class, RegistrationQueryController.class})
@Order(Ordered.HIGHEST_PRECEDENCE)
class RegistrationExceptionHandler implements DatabaseFailureHandler {

    private static final Logger log = LoggerFactory.getLogger(RegistrationExceptionHandler.class);

    private final ThrottledLog inDoubt = new ThrottledLog(log);
    private final ThrottledLog notStored = new ThrottledLog(log);

    @ExceptionHandler
    ResponseEntity<Object> inDoubt(CommitInDoubtException e) {
        inDoubt.warn(() ->
                "A registration may or may not be stored, and its client was told so (503); sending it again settles it: "
                        + SqlFailure.describe(e) + ".");
        return Problem.unavailable(
                "The database failed while it stored the registration, so it may or may not be stored."
                        + " Send the same request again: it is stored once.");
    }

    @Override
    public ResponseEntity<Object> databaseFailed(RuntimeException e, HttpServletRequest request) {
        notStored.warn(() -> request.getMethod() + " " + request.getRequestURI()
                + " was answered with 503, nothing was stored, and its client may send it again: "
                + SqlFailure.describe(e) + ".");
        return Problem.unavailable("The database is not available at the moment. Nothing was stored;"
                + " the same request may be sent again.");
    }
}

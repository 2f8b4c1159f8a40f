package ai.hokus.registry.registration;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.dao.UncategorizedDataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.TransactionTimedOutException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/**
 * Answers when the database fails under this room's requests: 503, with what is known about the registration. Our own
 * mistakes (a wrong statement, a broken constraint) are not the database's failures, and are left to the answer for the
 * unforeseen.
 */
@RestControllerAdvice(assignableTypes = {RegistrationController.class, ReadingController.class})
@Order(Ordered.HIGHEST_PRECEDENCE)
class RegistrationFailures {

    private static final Logger log = LoggerFactory.getLogger(RegistrationFailures.class);

    /** Seconds. The database's outages that heal by themselves (a failover, a lock) take about that or much longer. */
    private static final String RETRY_AFTER = "1";

    @ExceptionHandler
    ResponseEntity<Object> inDoubt(CommitInDoubtException e) {
        log.warn(
                "A registration may or may not be stored, and its client was told so (503); a repetition settles it: {}",
                DatabaseFailure.describe(e));
        return unavailable("The database failed while it stored the registration, so it may or may not be stored."
                + " Send the same request again: it is stored once.");
    }

    @ExceptionHandler({
        TransientDataAccessException.class,
        RecoverableDataAccessException.class,
        NonTransientDataAccessResourceException.class,
        UncategorizedDataAccessException.class,
        CannotCreateTransactionException.class,
        TransactionTimedOutException.class,
        TransactionSystemException.class
    })
    ResponseEntity<Object> databaseFailed(RuntimeException e, HttpServletRequest request) {
        log.warn(
                "{} {} was answered with 503, nothing was stored, its client may repeat it: {}",
                request.getMethod(),
                request.getRequestURI(),
                DatabaseFailure.describe(e));
        return unavailable("The database is not available at the moment. Nothing was stored;"
                + " the same request may be sent again.");
    }

    @ExceptionHandler
    ResponseEntity<Object> overloaded(OverloadGate.Closed e) {
        log.debug("A request was answered with 503: {}", e.getMessage());
        return unavailable("Too many requests are under way at the moment. Nothing was stored;"
                + " the same request may be sent again.");
    }

    /** The client went away, or its body broke off. Most likely nobody reads this. */
    @ExceptionHandler
    ResponseEntity<Object> bodyBrokeOff(IOException e) {
        log.debug("A request's body broke off; nothing was stored", e);
        return Problem.of(HttpStatus.BAD_REQUEST, "The body broke off; nothing was stored.");
    }

    private static ResponseEntity<Object> unavailable(String detail) {
        return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
                .header(HttpHeaders.RETRY_AFTER, RETRY_AFTER)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(ProblemDetail.forStatusAndDetail(HttpStatus.SERVICE_UNAVAILABLE, detail));
    }
}

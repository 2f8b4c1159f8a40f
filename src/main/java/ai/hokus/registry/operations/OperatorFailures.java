package ai.hokus.registry.operations;

import jakarta.servlet.http.HttpServletRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.TransactionException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers when the database fails under an operator's request: 503. */
@RestControllerAdvice(assignableTypes = {OutboxReadingController.class, OutboxSteeringController.class})
@Order(Ordered.HIGHEST_PRECEDENCE)
class OperatorFailures {

    private static final Logger log = LoggerFactory.getLogger(OperatorFailures.class);

    @ExceptionHandler({DataAccessException.class, TransactionException.class})
    ResponseEntity<Object> databaseFailed(RuntimeException e, HttpServletRequest request) {
        log.warn("{} {} was answered with 503", request.getMethod(), request.getRequestURI(), e);
        return OperatorProblem.of(
                HttpStatus.SERVICE_UNAVAILABLE,
                "The database did not answer in time, so this was not done, or not to its end. /outbox/operations says"
                        + " what was done; asking again does nothing twice.");
    }
}

package ai.hokus.registry.web;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.ThrottledLog;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import java.util.List;
import java.util.Set;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import org.springframework.web.util.DisconnectedClientHelper;

/** Answers what no module has answered: requests without a handler, too many requests, and unforeseen failures. */
@RestControllerAdvice
@Order(Ordered.LOWEST_PRECEDENCE)
class FallbackExceptionHandler extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(FallbackExceptionHandler.class);

    private final ThrottledLog unstorable = new ThrottledLog(log);
    private final ThrottledLog missingRight = new ThrottledLog(log);

    /** A text too long for its column; a character that the database's encoding lacks; bytes that are no text. */
    private static final Set<String> UNSTORABLE_TEXT = Set.of("22001", "22P05", "22021");

    @ExceptionHandler
    ResponseEntity<Object> overloaded(BulkheadFullException e) {
        log.debug("A request was answered with 503: {}", e.getMessage());
        return Problem.unavailable("Too many requests are under way at the moment. Nothing was stored;"
                + " the same request may be sent again.");
    }

    /** The same answer as for a path without an access rule. */
    @Override
    protected @Nullable ResponseEntity<Object> handleNoResourceFoundException(
            NoResourceFoundException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return Problem.of(HttpStatus.NOT_FOUND, "There is nothing at this path.");
    }

    /** The web server parses a query when the first parameter is asked for, which can be anywhere. */
    @ExceptionHandler
    ResponseEntity<Object> malformedQuery(InvalidParameterException e) {
        log.debug("A request's parameters could not be read", e);
        return Problem.of(
                HttpStatus.BAD_REQUEST,
                "The query cannot be read: a percent sign must be followed by two hexadecimal digits, the bytes must be"
                        + " UTF-8, and there may be 1,000 parameters at most.");
    }

    /** Text that passed our checks, and not the database's: its encoding is not UTF-8, or a column is shorter than it was. */
    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> refusedByTheDatabase(DataIntegrityViolationException e) {
        if (!SqlFailure.hasState(e, UNSTORABLE_TEXT)) {
            return unforeseen(e);
        }
        unstorable.warn(() ->
                "A request was answered with 422: it holds text that the database cannot store: " + e.getCause() + ".");
        return Problem.of(List.of(FieldError.ofBody("holds text that the database cannot store; nothing was stored")));
    }

    /** The service's role lacks a privilege, which Spring takes for bad SQL: an operator has to grant it. */
    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> notPermittedByTheDatabase(BadSqlGrammarException e) {
        if (!SqlFailure.isMissingRight(e)) {
            return unforeseen(e);
        }
        missingRight.warn(() ->
                "A request was answered with 503, and nothing was stored: the database does not permit what the service"
                        + " does: " + e.getCause() + ". Grant its role the missing privilege.");
        return Problem.unavailable("The database does not permit it at the moment. Nothing was stored;"
                + " the same request may be sent again.");
    }

    /** Null where the client went away: nobody would read the answer, and nothing is wrong here. */
    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> unforeseen(Exception e) {
        if (DisconnectedClientHelper.isClientDisconnectedException(e)) {
            log.debug("A client went away before it had its answer", e);
            return null;
        }
        log.error("A request failed for a reason that nobody foresaw; this is a mistake in this service", e);
        return Problem.of(HttpStatus.INTERNAL_SERVER_ERROR, "The service failed. Its log says why.");
    }
}

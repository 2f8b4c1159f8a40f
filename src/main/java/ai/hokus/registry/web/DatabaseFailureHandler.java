package ai.hokus.registry.web;

import jakarta.servlet.http.HttpServletRequest;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.dao.UncategorizedDataAccessException;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.TransactionTimedOutException;
import org.springframework.web.bind.annotation.ExceptionHandler;

/** Answers when the database fails. Our own mistakes, such as a wrong statement, are for {@link FallbackExceptionHandler}. */
public interface DatabaseFailureHandler {

    @ExceptionHandler({
        TransientDataAccessException.class,
        RecoverableDataAccessException.class,
        NonTransientDataAccessResourceException.class,
        UncategorizedDataAccessException.class,
        CannotCreateTransactionException.class,
        TransactionTimedOutException.class,
        TransactionSystemException.class
    })
    ResponseEntity<Object> databaseFailed(RuntimeException e, HttpServletRequest request);
}

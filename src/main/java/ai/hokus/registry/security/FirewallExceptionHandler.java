package ai.hokus.registry.security;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;

/** The firewall looks at headers and parameters when they are read: often only once a controller is at work. */
@ControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
class FirewallExceptionHandler {

    @ExceptionHandler
    void rejected(RequestRejectedException e, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        new SecurityProblems().handle(request, response, e);
    }
}

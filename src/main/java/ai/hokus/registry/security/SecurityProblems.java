package ai.hokus.registry.security;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.access.AccessDeniedHandler;
import org.springframework.security.web.firewall.RequestRejectedException;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import tools.jackson.databind.json.JsonMapper;

/** The answers to requests that are not let in, as {@code application/problem+json}. */
@ControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SecurityProblems implements AuthenticationEntryPoint, AccessDeniedHandler, RequestRejectedHandler {

    private static final String CHALLENGE = "Bearer realm=\"registration-outbox\"";

    /** The methods that the firewall lets through. */
    private static final Set<String> METHODS = Set.of("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT");

    /** For models whose names a URL's path cannot contain. */
    static final String OTHER_WAY =
            "A name with a slash, a backslash, a semicolon or a control character cannot stand in a"
                    + " path: ask for /models?name=NAME&version=VERSION instead.";

    private static final JsonMapper JSON = JsonMapper.shared();

    /** 401. */
    @Override
    public void commence(HttpServletRequest request, HttpServletResponse response, AuthenticationException reason)
            throws IOException {
        boolean sentOne = ApiKey.of(request).isPresent();
        response.addHeader(HttpHeaders.WWW_AUTHENTICATE, sentOne ? CHALLENGE + ", error=\"invalid_token\"" : CHALLENGE);
        String detail = sentOne
                ? "The API key is not known."
                : "An API key is needed: Authorization: Bearer KEY, Authorization: ApiKey KEY, or X-API-Key: KEY.";
        answer(request, response, HttpStatus.UNAUTHORIZED, detail);
    }

    /** 403; or 404 or 405 where no rule matches: a caller with any valid key may learn that. */
    @Override
    public void handle(HttpServletRequest request, HttpServletResponse response, AccessDeniedException reason)
            throws IOException {
        Optional<Permission> permission = AccessRules.of(request);
        if (permission.isEmpty()) {
            notForThisPath(request, response);
            return;
        }
        String wanted = permission.get().wanted();
        String detail = "The API key lacks the scope for this; one of these is needed: " + wanted + ".";
        answer(request, response, HttpStatus.FORBIDDEN, detail);
    }

    private static void notForThisPath(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String methods = String.join(", ", AccessRules.methods(request));
        if (methods.isEmpty()) {
            answer(request, response, HttpStatus.NOT_FOUND, "There is nothing at this path.");
        } else {
            response.setHeader(HttpHeaders.ALLOW, methods);
            answer(request, response, HttpStatus.METHOD_NOT_ALLOWED, "This path takes " + methods + ".");
        }
    }

    /**
     * 400, or 404 or 405 for a method that the firewall refuses. The exception's message is not repeated: it quotes the
     * request. The firewall checks headers and parameters only when they are read, often in a controller.
     */
    @Override
    @ExceptionHandler
    public void handle(HttpServletRequest request, HttpServletResponse response, RequestRejectedException reason)
            throws IOException {
        if (!METHODS.contains(request.getMethod())) {
            notForThisPath(request, response);
        } else {
            String detail = "The request's path or headers hold characters that are not accepted. " + OTHER_WAY;
            answer(request, response, HttpStatus.BAD_REQUEST, detail);
        }
    }

    /** With a {@code Retry-After} in whole seconds, rounded up. */
    static void retryLater(
            HttpServletRequest request, HttpServletResponse response, HttpStatus status, Duration after, String detail)
            throws IOException {
        long seconds = after.plusMillis(999).toSeconds();
        response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, seconds)));
        answer(request, response, status, detail);
    }

    static void answer(HttpServletRequest request, HttpServletResponse response, HttpStatus status, String detail)
            throws IOException {
        byte[] body = JSON.writeValueAsBytes(JSON.createObjectNode()
                .put("title", status.getReasonPhrase())
                .put("status", status.value())
                .put("detail", detail)
                .put("instance", request.getRequestURI()));
        response.setStatus(status.value());
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}

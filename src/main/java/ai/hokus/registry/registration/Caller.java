package ai.hokus.registry.registration;

import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;

/** Who sends a request: the one place that says so. */
final class Caller {

    private static final String ANONYMOUS = "anonymous";

    private Caller() {}

    static String userId(HttpServletRequest request) {
        Principal principal = request.getUserPrincipal();
        return principal == null ? ANONYMOUS : principal.getName();
    }
}

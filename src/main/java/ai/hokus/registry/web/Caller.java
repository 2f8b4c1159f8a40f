package ai.hokus.registry.web;

import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;

public final class Caller {

    private static final String ANONYMOUS = "anonymous";

    private Caller() {}

    /** The user id of the request's API key. */
    public static String userId(HttpServletRequest request) {
        Principal principal = request.getUserPrincipal();
        return principal == null ? ANONYMOUS : principal.getName();
    }
}

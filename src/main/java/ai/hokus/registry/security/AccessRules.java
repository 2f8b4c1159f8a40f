package ai.hokus.registry.security;

import static ai.hokus.registry.security.Permission.OBSERVE;
import static ai.hokus.registry.security.Permission.OPEN;
import static ai.hokus.registry.security.Permission.OPERATE;
import static ai.hokus.registry.security.Permission.READ;
import static ai.hokus.registry.security.Permission.REGISTER;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * The permission that each path needs. The first rule that matches decides, and {@code /path/**} matches {@code /path} too. A
 * path without a rule lets nobody in. Pages are open because they hold no data.
 */
final class AccessRules {

    private static final Set<String> GET = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final Set<String> CHANGES = Set.of("POST", "PUT", "PATCH", "DELETE");

    private static final String EVENTS = "/models/tokenized-registration-events";

    private static final List<Rule> RULES = List.of(
            rule(OPEN, GET, "/health/alb", "/live", "/ready", "/health"), // the last without its details
            rule(OPEN, GET, "/version", "/metrics"), // exist only with registry.health.original-compatible
            rule(REGISTER, POST, EVENTS, "/api" + EVENTS),
            rule(READ, GET, "/models", "/models/{name}/{version}", "/api/models", "/api/models/{name}/{version}"),
            rule(OBSERVE, GET, "/outbox/**"),
            rule(OPERATE, CHANGES, "/outbox/**"),
            rule(OBSERVE, GET, "/actuator/**"),
            rule(OPERATE, CHANGES, "/actuator/**"),
            rule(OPEN, GET, "/", "/console/**", "/webjars/**"),
            rule(OPEN, GET, "/swagger-ui.html", "/swagger-ui/**", "/v3/api-docs/**"));

    private static final PathPatternRequestMatcher HEALTH = PathPatternRequestMatcher.pathPattern("/health");

    private AccessRules() {}

    /** Empty: there is no rule, so nobody is let in. */
    static Optional<Permission> of(HttpServletRequest request) {
        return RULES.stream()
                .filter(rule -> rule.methods().contains(request.getMethod()) && rule.matchesPath(request))
                .map(rule -> HEALTH.matches(request) && asksForDetails(request) ? OBSERVE : rule.permission())
                .findFirst();
    }

    /** The methods for which the request's path has a rule; empty for a path that has none. */
    static Set<String> methods(HttpServletRequest request) {
        Set<String> methods = new TreeSet<>();
        RULES.stream().filter(rule -> rule.matchesPath(request)).forEach(rule -> methods.addAll(rule.methods()));
        return methods;
    }

    /** Anything but a plain "false" does, so that no other spelling of "true" gets around the key. */
    private static boolean asksForDetails(HttpServletRequest request) {
        String[] values = request.getParameterValues("detailed");
        return values != null && !Arrays.stream(values).allMatch("false"::equals);
    }

    private static Rule rule(Permission permission, Set<String> methods, String... patterns) {
        return new Rule(
                permission,
                methods,
                Stream.of(patterns).map(PathPatternRequestMatcher::pathPattern).toList());
    }

    private record Rule(Permission permission, Set<String> methods, List<PathPatternRequestMatcher> paths) {

        boolean matchesPath(HttpServletRequest request) {
            return paths.stream().anyMatch(path -> path.matches(request));
        }
    }
}

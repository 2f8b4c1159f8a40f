package ai.hokus.registry.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Finds out who sends a request. Lets the request go on without a caller when there is no key or an unknown one: whether that
 * is enough, the rules decide. For an open path nothing is found out.
 */
final class ApiKeyFilter extends OncePerRequestFilter {

    private final KeyVerifier verifier;
    private final RateLimiter limit;

    ApiKeyFilter(KeyVerifier verifier, RateLimiter limit) {
        this.verifier = verifier;
        this.limit = limit;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return AccessRules.of(request).filter(Permission.OPEN::equals).isPresent();
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Optional<ApiKey> key = ApiKey.of(request);
        if (key.isPresent()) {
            KeyVerifier.Verdict verdict = verifier.verify(key.get());
            if (verdict instanceof KeyVerifier.Verdict.Unavailable) {
                SecurityProblems.keyCannotBeVerified(request, response);
                return;
            }
            if (verdict instanceof KeyVerifier.Verdict.Known known) {
                Duration wait = limit.take(key.get());
                if (!wait.isZero()) {
                    SecurityProblems.tooMany(request, response, wait);
                    return;
                }
                SecurityContext context = SecurityContextHolder.createEmptyContext();
                context.setAuthentication(new ApiKeyAuthentication(known.client()));
                SecurityContextHolder.setContext(context);
            }
        }
        chain.doFilter(request, response);
    }
}

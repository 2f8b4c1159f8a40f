package ai.hokus.registry.security;

import ai.hokus.registry.security.KeyVerifier.Verdict;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.http.HttpStatus;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.web.authentication.preauth.PreAuthenticatedAuthenticationToken;
import org.springframework.web.filter.OncePerRequestFilter;

/** Finds out who sends a request. Without a known key it goes on without a caller. Open paths are skipped. */
final class ApiKeyFilter extends OncePerRequestFilter {

    /** Does not validate an address, but lets nothing else pass: a proxy's header may hold anything. */
    private static final Pattern IP_ADDRESS = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

    private static final String INSUFFICIENT_BALANCE =
            "The balance of this API key's account is insufficient. Nothing was stored.";
    private static final String AUTH_SERVICE_SILENT =
            "The API key cannot be verified at the moment: the auth service does not answer. Nothing was stored; the same"
                    + " request may be sent again.";
    private static final String AUTH_SERVICE_THROTTLES =
            "The API key cannot be verified at the moment: the auth service receives too many requests. Nothing was"
                    + " stored; the same request may be sent again.";
    private static final String RATE_LIMIT_EXCEEDED =
            "Too many requests with this API key. Nothing was stored; the same request may be sent again.";

    private final KeyVerifier verifier;
    private final RateLimiter limiter;

    ApiKeyFilter(KeyVerifier verifier, RateLimiter limiter) {
        this.verifier = verifier;
        this.limiter = limiter;
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return AccessRules.of(request).filter(Permission.OPEN::equals).isPresent();
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Optional<ApiKey> key = ApiKey.of(request);
        if (key.isEmpty() || isAdmitted(key.get(), request, response)) {
            chain.doFilter(request, response);
        }
    }

    /** Whether the request goes on; otherwise it has been answered. */
    private boolean isAdmitted(ApiKey key, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        Verdict verdict = verifier.verify(key, clientAddress(request));
        if (verdict instanceof Verdict.Known known) {
            Duration wait = limiter.take(key);
            if (wait.isZero()) {
                SecurityContextHolder.setContext(new SecurityContextImpl(new PreAuthenticatedAuthenticationToken(
                        known.userId(), "", AuthorityUtils.createAuthorityList(known.scopes()))));
                return true;
            }
            SecurityProblems.retryLater(request, response, HttpStatus.TOO_MANY_REQUESTS, wait, RATE_LIMIT_EXCEEDED);
        } else if (verdict instanceof Verdict.InsufficientBalance) {
            SecurityProblems.answer(request, response, HttpStatus.PAYMENT_REQUIRED, INSUFFICIENT_BALANCE);
        } else if (verdict instanceof Verdict.Throttled throttled) {
            SecurityProblems.retryLater(
                    request, response, HttpStatus.TOO_MANY_REQUESTS, throttled.retryAfter(), AUTH_SERVICE_THROTTLES);
        } else if (verdict instanceof Verdict.Unavailable unavailable) {
            SecurityProblems.retryLater(
                    request, response, HttpStatus.SERVICE_UNAVAILABLE, unavailable.retryAfter(), AUTH_SERVICE_SILENT);
        }
        return verdict instanceof Verdict.Unknown;
    }

    /** Behind a proxy, the web server has taken the client's address from the proxy's header. Empty: it is not an address. */
    private static String clientAddress(HttpServletRequest request) {
        String address = request.getRemoteAddr();
        return address != null && IP_ADDRESS.matcher(address).matches() ? address : "";
    }
}

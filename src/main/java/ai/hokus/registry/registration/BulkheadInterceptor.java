package ai.hokus.registry.registration;

import ai.hokus.registry.web.Problem;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Limits how many of this module's requests run at once, so that a stalled database cannot take every request thread: the
 * remaining ones answer health checks. A request that is let in waits for a connection, and that wait has its own bound
 * ({@code spring.datasource.hikari.connection-timeout}). Reads have a limit of their own, because each holds a page until its
 * client has taken it. Thread-safe.
 */
record BulkheadInterceptor(Bulkhead registrations, Bulkhead reads) implements HandlerInterceptor {

    /**
     * Takes a permit. A registration without one is answered with 503, by {@link BulkheadFullException}. A read is answered with
     * 429: a 503 rings alarms and takes a deployment back, though registrations are stored.
     */
    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        Bulkhead bulkhead = bulkhead(request);
        if (bulkhead == registrations) {
            bulkhead.acquirePermission();
        } else if (!bulkhead.tryAcquirePermission()) {
            throw Problem.tooManyRequests(
                    "Too many registrations are being read at the moment. The same request may be sent again.");
        }
        return true;
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception e) {
        bulkhead(request).onComplete();
    }

    private Bulkhead bulkhead(HttpServletRequest request) {
        return request.getMethod().equals("POST") ? registrations : reads;
    }
}

package ai.hokus.registry.registration;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Bounds how many of this room's requests are under way, so that a database that stalls cannot take every request thread:
 * health is answered by those that are left. Whoever is let in waits for a connection, and that wait has its own bound
 * ({@code spring.datasource.hikari.connection-timeout}).
 *
 * <p>Thread-safe.
 */
final class OverloadGate implements HandlerInterceptor {

    /** Too many requests are under way; nothing was done. */
    static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed() {
            super("too many requests are under way", null, false, false);
        }
    }

    private static final String ENTERED = OverloadGate.class.getName();

    private final Semaphore room;

    OverloadGate(int mostAtOnce) {
        this.room = new Semaphore(mostAtOnce);
    }

    /** @throws Closed when there is no room */
    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (!room.tryAcquire()) {
            throw new Closed();
        }
        request.setAttribute(ENTERED, true);
        return true;
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception e) {
        if (request.getAttribute(ENTERED) != null) {
            request.removeAttribute(ENTERED);
            room.release();
        }
    }
}

package ai.hokus.registry.security;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Bounds how long a client may take to send a body.
 *
 * <p>The web server's own timeout is for each read: a client that sends a byte every few seconds never meets it. So the time
 * since the headers came is checked after every read, and the request fails with 408 when it is over. A thread is held for
 * {@code timeout} and one read's timeout at most.
 *
 * <p>What nobody read of a body (of a request that was refused, or is too large) is {@link SwallowBodyValve}'s concern, until the
 * same instant.
 */
final class RequestBodyTimeoutFilter extends OncePerRequestFilter {

    /** Attribute of a request that has a body: until when it may come, as {@link System#nanoTime} counts. */
    static final String UNTIL = RequestBodyTimeoutFilter.class.getName() + ".UNTIL";

    private final Duration timeout;
    private final LongSupplier nanoTime;

    RequestBodyTimeoutFilter(Duration timeout, LongSupplier nanoTime) {
        this.timeout = timeout;
        this.nanoTime = nanoTime;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getContentLengthLong() <= 0 && request.getHeader("Transfer-Encoding") == null) {
            chain.doFilter(request, response);
            return;
        }
        long until = nanoTime.getAsLong() + timeout.toNanos();
        request.setAttribute(UNTIL, until);
        chain.doFilter(new TimedRequest(request, until), response);
        // Before what is left of the body is thrown away: the client may be waiting for this.
        response.flushBuffer();
    }

    private final class TimedRequest extends HttpServletRequestWrapper {

        private final long until;
        private @Nullable TimedBody body;

        TimedRequest(HttpServletRequest request, long until) {
            super(request);
            this.until = until;
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            if (body == null) {
                body = new TimedBody(super.getInputStream());
            }
            return body;
        }

        void refuseIfLate() {
            if (nanoTime.getAsLong() - until > 0) {
                throw new ErrorResponseException(
                        HttpStatus.REQUEST_TIMEOUT,
                        ProblemDetail.forStatusAndDetail(
                                HttpStatus.REQUEST_TIMEOUT,
                                "The body did not arrive within " + timeout.toSeconds() + " s; nothing was stored."),
                        null);
            }
        }

        /** Every read that a body can be read with comes down to this one. */
        private final class TimedBody extends ServletInputStream {

            private final ServletInputStream in;

            TimedBody(ServletInputStream in) {
                this.in = in;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                refuseIfLate();
                int n = in.read(bytes, offset, length);
                if (n >= 0 && !in.isFinished()) {
                    refuseIfLate();
                }
                return n;
            }

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                int n = read(one, 0, 1);
                return n < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public boolean isFinished() {
                return in.isFinished();
            }

            @Override
            public boolean isReady() {
                return in.isReady();
            }

            @Override
            public void setReadListener(ReadListener listener) {
                in.setReadListener(listener);
            }
        }
    }
}

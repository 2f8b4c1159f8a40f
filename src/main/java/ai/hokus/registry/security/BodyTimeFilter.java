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
 * since the headers came is looked at after every read, and the request fails with 408 when it is over. A thread is held for
 * {@code bodyTime} and one read's timeout at most.
 *
 * <p>A body that nobody read (of a request that was refused, or is too large) is read and thrown away within the same time,
 * because a client that is still sending might not see the answer of a connection that closes. What is still missing then is
 * not waited for: {@link UnreadBodies} closes the connection.
 */
final class BodyTimeFilter extends OncePerRequestFilter {

    /** Attribute of a request of whose body nothing more is to be read. */
    static final String GIVE_UP = BodyTimeFilter.class.getName() + ".GIVE_UP";

    /** As much of an unread body as is thrown away; twice the largest that is accepted by default. */
    private static final int MOST_THROWN_AWAY = 2 << 20;

    private final Duration bodyTime;
    private final LongSupplier nanoTime;

    BodyTimeFilter(Duration bodyTime, LongSupplier nanoTime) {
        this.bodyTime = bodyTime;
        this.nanoTime = nanoTime;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getContentLengthLong() <= 0 && request.getHeader("Transfer-Encoding") == null) {
            chain.doFilter(request, response);
            return;
        }
        TimedRequest timed = new TimedRequest(request);
        boolean answered = false;
        try {
            chain.doFilter(timed, response);
            response.flushBuffer();
            answered = true;
        } finally {
            timed.end(answered);
        }
    }

    private final class TimedRequest extends HttpServletRequestWrapper {

        private final long start = nanoTime.getAsLong();
        private @Nullable TimedBody body;

        TimedRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            if (body == null) {
                body = new TimedBody(super.getInputStream());
            }
            return body;
        }

        void end(boolean answered) {
            if (answered) {
                throwRestAway();
            } else {
                setAttribute(GIVE_UP, !isRead());
            }
        }

        private void throwRestAway() {
            try {
                ServletInputStream rest = getInputStream();
                byte[] buffer = new byte[8192];
                int thrownAway = 0;
                for (int n = rest.read(buffer); n >= 0 && thrownAway < MOST_THROWN_AWAY; n = rest.read(buffer)) {
                    thrownAway += n;
                }
            } catch (IOException | RuntimeException e) {
                // Broken off, too slow, or read through a reader: whatever is missing is not waited for.
                setAttribute(GIVE_UP, true);
                return;
            }
            setAttribute(GIVE_UP, !isRead());
        }

        private boolean isRead() {
            return body != null && body.isFinished();
        }

        void refuseIfLate() {
            if (nanoTime.getAsLong() - start > bodyTime.toNanos()) {
                setAttribute(GIVE_UP, true);
                throw new ErrorResponseException(
                        HttpStatus.REQUEST_TIMEOUT,
                        ProblemDetail.forStatusAndDetail(
                                HttpStatus.REQUEST_TIMEOUT,
                                "The body did not arrive within " + bodyTime.toSeconds() + " s; nothing was stored."),
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

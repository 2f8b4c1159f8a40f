package ai.hokus.registry.security;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.ErrorResponseException;

/**
 * Bounds how long a client may take to send a body.
 *
 * <p>The web server's own timeout is for each read: a client that sends a byte every few seconds never exceeds it. So the time
 * since the headers came is checked with every read, and the request fails with 408 when it is over. A thread is held for
 * {@code timeout} and one read's timeout at most.
 *
 * <p>The unread rest of a body (of a request that was refused, or is too large) is read and thrown away until the same
 * deadline, for {@link #MAX_THROW_AWAY} at most: if the connection closed at once, a client that is still sending might not see
 * the answer. Then the connection is closed.
 *
 * <p>Belongs in the context's pipeline: the valves before that would take a broken body for an error that nobody has answered.
 */
final class RequestBodyTimeoutValve extends ValveBase {

    /** Twice the largest body that is accepted by default. */
    private static final int MAX_BYTES_THROWN_AWAY = 2 << 20;

    /** The client has its answer by then, and needs no key to hold this thread: for this time and one read's timeout. */
    private static final Duration MAX_THROW_AWAY = Duration.ofSeconds(1);

    private final Duration timeout;

    RequestBodyTimeoutValve(Duration timeout) {
        super(true);
        this.timeout = timeout;
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        if (request.getContentLengthLong() <= 0 && request.getHeader(HttpHeaders.TRANSFER_ENCODING) == null) {
            getNext().invoke(request, response);
            return;
        }
        org.apache.coyote.Request coyote = request.getCoyoteRequest();
        InputBuffer untimed = coyote.getInputBuffer();
        long until = System.nanoTime() + timeout.toNanos();
        coyote.setInputBuffer(timed(untimed, coyote, until));
        try {
            getNext().invoke(request, response);
        } finally {
            coyote.setInputBuffer(untimed);
            if (!request.isFinished()) {
                // Before the rest is thrown away: the client may be waiting for this.
                response.flushBuffer();
                if (!throwAway(coyote, Math.min(until, System.nanoTime() + MAX_THROW_AWAY.toNanos()))) {
                    coyote.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
                }
            }
        }
    }

    /** Every read of a body ends up here, however the body is read. */
    private InputBuffer timed(InputBuffer untimed, org.apache.coyote.Request request, long until) {
        return new InputBuffer() {
            @Override
            public int doRead(ApplicationBufferHandler handler) throws IOException {
                refuseIfLate(until);
                int n = untimed.doRead(handler);
                if (n >= 0 && !request.isFinished()) {
                    refuseIfLate(until);
                }
                return n;
            }

            @Override
            public int available() {
                return untimed.available();
            }
        };
    }

    private void refuseIfLate(long until) {
        if (System.nanoTime() - until > 0) {
            throw new ErrorResponseException(
                    HttpStatus.REQUEST_TIMEOUT,
                    ProblemDetail.forStatusAndDetail(
                            HttpStatus.REQUEST_TIMEOUT,
                            "The body did not arrive within " + timeout.toSeconds() + " s; nothing was stored."),
                    null);
        }
    }

    private static boolean throwAway(org.apache.coyote.Request request, long until) {
        DiscardingBuffer discarded = new DiscardingBuffer();
        int bytes = 0;
        try {
            while (!request.isFinished() && bytes < MAX_BYTES_THROWN_AWAY && System.nanoTime() - until < 0) {
                int n = request.doRead(discarded);
                if (n < 0) {
                    return true;
                }
                bytes += n;
            }
        } catch (IOException e) {
            // The connection broke, or one read took too long.
            return false;
        }
        return request.isFinished();
    }

    /** Takes whatever buffer it is given, and forgets it. The request's own stream may be closed by now. */
    private static final class DiscardingBuffer implements ApplicationBufferHandler {

        private ByteBuffer buffer = ByteBuffer.allocate(0);

        @Override
        public void setByteBuffer(ByteBuffer buffer) {
            this.buffer = buffer;
        }

        @Override
        public ByteBuffer getByteBuffer() {
            return buffer;
        }

        @Override
        public void expand(int size) {
            // Never asked for: only filters that collect a whole body do.
        }
    }
}

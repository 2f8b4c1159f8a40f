package ai.hokus.registry.security;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.tomcat.util.net.ApplicationBufferHandler;

/**
 * Throws away what nobody read of a body, because a client that is still sending might not see the answer of a connection that
 * closes. Does so until the body's time is over; then closes the connection. Left to itself Tomcat would read what is missing
 * on the request's thread for as long as the client likes, to find where the next request starts.
 */
final class SwallowBodyValve extends ValveBase {

    /** Twice the largest body that is accepted by default. */
    private static final int MAX_BYTES = 2 << 20;

    SwallowBodyValve() {
        super(true);
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        try {
            getNext().invoke(request, response);
        } finally {
            if (request.getAttribute(RequestBodyTimeoutFilter.UNTIL) instanceof Long until) {
                org.apache.coyote.Request body = request.getCoyoteRequest();
                if (!swallow(body, until)) {
                    body.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
                }
            }
        }
    }

    private static boolean swallow(org.apache.coyote.Request body, long until) {
        DiscardingBuffer discarded = new DiscardingBuffer();
        int bytes = 0;
        try {
            while (!body.isFinished() && bytes < MAX_BYTES && System.nanoTime() - until < 0) {
                int n = body.doRead(discarded);
                if (n < 0) {
                    return true;
                }
                bytes += n;
            }
        } catch (IOException e) {
            // Broken off, or silent for longer than one read may be.
            return false;
        }
        return body.isFinished();
    }

    /** Takes whatever buffer it is given, and forgets it. */
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

package ai.hokus.registry.benchmark;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One connection of a client that keeps its connections open. It does no more than it must, since it shares the processors
 * with what it measures. Opened when first used, and again when the server has closed it. Not thread-safe.
 */
final class HttpConnection implements AutoCloseable {

    private static final int TIMEOUT_MS = 60_000;

    private final int port;
    private final byte[] buffer = new byte[64 * 1024];
    private int next;
    private int end;
    private Socket socket;
    private InputStream in;

    HttpConnection(int port) {
        this.port = port;
    }

    /** An answer, read to its end. */
    record Answer(int status, String body) {}

    /** Sends a whole request and reads its answer. */
    Answer exchange(byte[] request) throws IOException {
        if (socket == null) {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MS);
            in = socket.getInputStream();
            next = 0;
            end = 0;
        }
        try {
            socket.getOutputStream().write(request);
            return answer();
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Answer answer() throws IOException {
        String[] statusLine = line().split(" ", 3);
        if (statusLine.length < 2 || !statusLine[0].equals("HTTP/1.1")) {
            throw new IOException("no HTTP/1.1 status line: " + String.join(" ", statusLine));
        }
        int length = -1;
        boolean chunked = false;
        boolean last = false;
        for (String header = line(); !header.isEmpty(); header = line()) {
            int colon = header.indexOf(':');
            String value = header.substring(colon + 1).strip();
            switch (header.substring(0, colon).toLowerCase(Locale.ROOT)) {
                case "content-length" -> length = Integer.parseInt(value);
                case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
                case "connection" -> last = value.equalsIgnoreCase("close");
                default -> {}
            }
        }
        if (length < 0 && !chunked) {
            throw new IOException("an answer of unknown length");
        }
        String body = chunked ? chunks() : text(length);
        if (last) {
            close();
        }
        return new Answer(Integer.parseInt(statusLine[1]), body);
    }

    private String chunks() throws IOException {
        StringBuilder body = new StringBuilder();
        for (int length = Integer.parseInt(line(), 16); length > 0; length = Integer.parseInt(line(), 16)) {
            body.append(text(length));
            line();
        }
        line();
        return body.toString();
    }

    private String text(int length) throws IOException {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) read();
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder(64);
        for (int b = read(); b != '\r'; b = read()) {
            line.append((char) b);
        }
        if (read() != '\n') {
            throw new IOException("a line that does not end");
        }
        return line.toString();
    }

    private int read() throws IOException {
        if (next == end) {
            next = 0;
            end = in.read(buffer);
            if (end <= 0) {
                end = 0;
                throw new EOFException("the service closed the connection");
            }
        }
        return buffer[next++];
    }

    @Override
    public void close() {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // It is as closed as it can be.
            }
            socket = null;
        }
    }
}

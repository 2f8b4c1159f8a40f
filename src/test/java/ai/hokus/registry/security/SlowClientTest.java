package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Clients that send slowly, too much or nonsense, over real connections to a server of few threads. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "server.tomcat.threads.max=20",
            "server.tomcat.threads.min-spare=2",
            "registry.registration.max-concurrent-requests=2",
            "registry.security.request-body-timeout=5s",
            "registry.security.max-headers=20",
            "spring.threads.virtual.enabled=false"
        })
@Import(TestKeys.class)
class SlowClientTest {

    private static final String EVENTS = "/models/tokenized-registration-events";

    /** Between two bytes of a client that trickles. */
    private static final Duration PACE = Duration.ofMillis(100);

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        registry.add("spring.datasource.url", () -> url);
    }

    @LocalServerPort
    private int port;

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 100000", "Transfer-Encoding: chunked"})
    void a_body_that_trickles_is_given_up(String length) throws IOException {
        try (Socket socket = connect()) {
            send(
                    socket,
                    "POST " + EVENTS + " HTTP/1.1\r\nHost: a\r\nX-API-Key: " + TestKeys.KEY
                            + "\r\nContent-Type: application/json\r\n" + length + "\r\n\r\n");

            String answer = trickleUntilClosed(socket, length.startsWith("T") ? "1\r\n \r\n" : " ");

            assertThat(answer).startsWith("HTTP/1.1 408 ").contains("application/problem+json", "within 5 s; nothing");
        }
    }

    @Test
    void a_body_that_nobody_reads_is_waited_for_less_than_one_that_somebody_reads() throws IOException {
        try (Socket socket = connect()) {
            long start = System.nanoTime();
            send(socket, "POST " + EVENTS + " HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");

            assertThat(trickleUntilClosed(socket, " ")).startsWith("HTTP/1.1 401 ");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
        }
    }

    @Test
    void a_refused_client_that_sends_its_whole_body_keeps_its_connection() throws IOException {
        try (Socket socket = connect()) {
            for (int i = 0; i < 2; i++) {
                send(socket, "POST " + EVENTS + " HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
                assertThat(readHead(socket)).startsWith("HTTP/1.1 401 ");
                send(socket, "x".repeat(20_000));
            }
        }
    }

    @Test
    void clients_that_trickle_their_headers_hold_no_thread() throws IOException {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                Socket socket = connect();
                send(socket, "GET /live HTTP/1.1\r\nHost: a\r\nX-Slow: ");
                slow.add(socket);
            }
            assertThat(ask("GET /live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ");
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void too_many_headers_are_refused() throws IOException {
        StringBuilder headers = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            headers.append("X-").append(i).append(": a\r\n");
        }
        assertUnreadable(ask("GET /live HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"));
    }

    @Test
    void headers_that_are_too_large_are_refused() throws IOException {
        assertUnreadable(ask("GET /live HTTP/1.1\r\nHost: a\r\nX-A: " + "a".repeat(9_000) + "\r\n\r\n"));
        assertUnreadable(ask("GET /live?" + "a".repeat(9_000) + " HTTP/1.1\r\nHost: a\r\n\r\n"));
    }

    @Test
    void what_is_no_http_is_refused() throws IOException {
        assertUnreadable(ask("GET /models/\u0001 HTTP/1.1\r\nHost: a\r\n\r\n"));
        assertUnreadable(ask("GET /live HTTP/1.1\r\n\r\n"));
    }

    private static void assertUnreadable(String answer) {
        assertThat(answer)
                .startsWith("HTTP/1.1 400 ")
                .contains("application/problem+json", "more than 20 headers")
                .doesNotContain("<html", "Tomcat", "\tat ");
    }

    private String ask(String request) throws IOException {
        try (Socket socket = connect()) {
            send(socket, request);
            return readUntilClosed(socket);
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends the piece again and again, at a pace that keeps every single read alive, until the server closes. */
    private static String trickleUntilClosed(Socket socket, String piece) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        socket.setSoTimeout((int) PACE.toMillis());
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            try {
                int c = socket.getInputStream().read();
                if (c < 0) {
                    return answer.toString(StandardCharsets.UTF_8);
                }
                answer.write(c);
            } catch (SocketTimeoutException silent) {
                try {
                    send(socket, piece);
                } catch (SocketException closed) {
                    return answer.toString(StandardCharsets.UTF_8);
                }
            } catch (SocketException closed) {
                return answer.toString(StandardCharsets.UTF_8);
            }
        }
        throw new AssertionError("still open, after " + answer.toString(StandardCharsets.UTF_8));
    }

    private static String readUntilClosed(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Reads the status line and headers, and exactly the body that they announce. */
    private static String readHead(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            int c = socket.getInputStream().read();
            if (c < 0) {
                return head + " (closed)";
            }
            head.append((char) c);
        }
        String length = head.toString().replaceFirst("(?s).*Content-Length: ([0-9]+).*", "$1");
        socket.getInputStream().readNBytes(Integer.parseInt(length));
        return head.toString();
    }
}

package ai.hokus.registry.web;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestKeys;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.Import;

/** Connections that a load balancer keeps open between requests. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "server.tomcat.connection-timeout=100ms")
@Import(TestKeys.class)
class KeepAliveTest {

    /** How long AWS' load balancers keep an idle connection, unless they are told otherwise. */
    private static final Duration LOAD_BALANCER = Duration.ofSeconds(60);

    /** More than one connection of a load balancer carries in a minute under load. */
    private static final int REQUESTS = 5_000;

    @LocalServerPort
    private int port;

    @Autowired
    private ServletWebServerApplicationContext context;

    @Test
    void an_idle_connection_outlives_the_load_balancers_patience() {
        TomcatWebServer server = (TomcatWebServer) context.getWebServer();
        AbstractHttp11Protocol<?> protocol =
                (AbstractHttp11Protocol<?>) server.getTomcat().getConnector().getProtocolHandler();

        assertThat(Duration.ofMillis(protocol.getKeepAliveTimeout())).isGreaterThan(LOAD_BALANCER.plusSeconds(10));
        assertThat(protocol.getMaxKeepAliveRequests()).isGreaterThan(REQUESTS);
    }

    /** The other time limit, for a client that does not say what it wants, is as short as before. */
    @Test
    void a_connection_that_had_a_request_is_kept_when_one_that_had_none_is_closed() throws IOException {
        try (Socket kept = connect();
                Socket silent = connect()) {
            assertThat(ask(kept)).startsWith("HTTP/1.1 200 ");

            assertThat(silent.getInputStream().read())
                    .as("closed by the server")
                    .isEqualTo(-1);
            try (Socket silentToo = connect()) {
                assertThat(silentToo.getInputStream().read()).isEqualTo(-1);
            }

            assertThat(ask(kept)).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void one_connection_carries_many_requests() throws IOException {
        try (Socket kept = connect()) {
            for (int n = 0; n < 150; n++) {
                assertThat(ask(kept)).startsWith("HTTP/1.1 200 ").doesNotContain("Connection: close");
            }
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(30_000);
        return socket;
    }

    /** The answer, which has no body. */
    private static String ask(Socket socket) throws IOException {
        socket.getOutputStream().write("HEAD /live HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new IOException("closed after: " + answer);
            }
            answer.append((char) next);
        }
        return answer.toString();
    }
}

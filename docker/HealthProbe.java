import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;

/**
 * The image's health check: exits with 0 when {@code GET http://ADDRESS:PORT/PATH} is answered 200 within 3 s. Address
 * and port are the service's, from the same variables, of which a blank one counts as not set.
 *
 * <p>It runs in any image that has Java. Temurin's images for Java 17 on Ubuntu have curl, for historical reasons; those for
 * Java 25, and those on Alpine, do not. A plain socket, because {@code java.net.http} alone takes longer to load than all of
 * this to run.
 */
final class HealthProbe {

    /** Less than the 5 s after which Docker and ECS give the probe up, start of the JVM included. */
    private static final int TIMEOUT_MS = 3_000;

    private HealthProbe() {}

    /** @param args the path, {@code /live} by default */
    public static void main(String[] args) {
        String path = args.length > 0 ? args[0] : "/live";
        String host = variable("0.0.0.0", "SERVER_ADDRESS", "API_HOST");
        String port = variable("8001", "SERVER_PORT", "PORT", "API_PORT");
        try {
            String status = status(host, Integer.parseInt(port), path);
            if (status.startsWith("HTTP/1.1 200")) {
                return;
            }
            System.err.println(path + " answered: " + status);
        } catch (IOException | NumberFormatException e) {
            System.err.println(path + " on " + host + " port " + port + ": " + e);
        }
        System.exit(1);
    }

    /** The first of the variables that is set and not blank. */
    private static String variable(String otherwise, String... names) {
        return Stream.of(names)
                .map(System::getenv)
                .filter(value -> value != null && !value.isBlank())
                .findFirst()
                .map(String::strip)
                .orElse(otherwise);
    }

    /** The first bytes of the answer: its status line is all that counts. */
    private static String status(String host, int port, String path) throws IOException {
        boolean everywhere = InetAddress.getByName(host).isAnyLocalAddress();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(everywhere ? "127.0.0.1" : host, port), TIMEOUT_MS);
            socket.setSoTimeout(TIMEOUT_MS);
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            InputStream answer = socket.getInputStream();
            return new String(answer.readNBytes(12), StandardCharsets.US_ASCII);
        }
    }
}

package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.support.TestCertificates;
import ai.hokus.registry.support.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** TLS of the service itself, as the documentation configures it, and to PostgreSQL. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT, properties = "server.ssl.bundle=service")
class TransportTest {

    private static final TestCertificates CA = TestCertificates.trusted();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        String url = TestDatabase.H2.newUrl();
        String certificate = CA.certificate("service", "dns:localhost").toString();
        registry.add("spring.datasource.url", () -> url);
        registry.add("spring.ssl.bundle.pem.service.keystore.certificate", () -> "file:" + certificate);
        registry.add("spring.ssl.bundle.pem.service.keystore.private-key", () -> "file:" + CA.key("service"));
    }

    @LocalServerPort
    private int port;

    @Test
    void the_service_speaks_tls_from_a_bundle() throws Exception {
        HttpResponse<String> answer = live(CA);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Strict-Transport-Security")).isPresent();
        assertThatThrownBy(() -> live(TestCertificates.other())).isInstanceOf(SSLHandshakeException.class);
    }

    private HttpResponse<String> live(TestCertificates trusted) throws IOException, InterruptedException {
        HttpClient client = HttpClient.newBuilder()
                .sslContext(SslBundle.of(new PemSslStoreBundle(
                                null, PemSslStoreDetails.forCertificates("file:" + trusted.authority())))
                        .createSslContext())
                .build();
        return client.send(
                HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/live"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void postgresql_is_verified_in_full() throws Exception {
        String certificate = CA.certificate("postgres", "dns:localhost").toString();
        try (EmbeddedPostgres server = EmbeddedPostgres.builder()
                .setServerConfig("ssl", "on")
                .setServerConfig("ssl_cert_file", certificate)
                .setServerConfig("ssl_key_file", CA.key("postgres").toString())
                .start()) {
            assertThat(connect(server, "localhost", CA)).isTrue();
            assertThatThrownBy(() -> connect(server, "localhost", TestCertificates.other()))
                    .isInstanceOf(SQLException.class);
            assertThatThrownBy(() -> connect(server, "127.0.0.1", CA))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("127.0.0.1");
        }
    }

    /** Whether the connection is encrypted. */
    private static boolean connect(EmbeddedPostgres server, String host, TestCertificates trusted) throws SQLException {
        String url = "jdbc:postgresql://" + host + ":" + server.getPort() + "/postgres?user=postgres"
                + "&sslmode=verify-full&sslrootcert=" + trusted.authority();
        try (Connection connection = DriverManager.getConnection(url);
                ResultSet row = connection
                        .createStatement()
                        .executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
            return row.next() && row.getBoolean(1);
        }
    }
}

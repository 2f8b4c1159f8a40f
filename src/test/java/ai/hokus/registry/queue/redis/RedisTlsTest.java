package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.MessageQueueContract;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestCertificates;
import ai.hokus.registry.support.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.mock.env.MockEnvironment;

/** TLS to a real Redis: whom the service trusts, and whom Redis trusts. */
class RedisTlsTest {

    private static final TestCertificates CA = TestCertificates.trusted();
    private static final QueueSettings SETTINGS =
            new Binder(new MapConfigurationPropertySource()).bindOrCreate("registry.queue", QueueSettings.class);
    private static final ProducerId SOURCE = new ProducerId(UUID.randomUUID(), 0);

    private static int tlsPort;
    private static TestRedis server;

    @BeforeAll
    static void start() {
        tlsPort = TestRedis.freePort();
        server = TestRedis.start(
                "tls-port " + tlsPort,
                "tls-cert-file " + CA.certificate("redis", "dns:localhost"),
                "tls-key-file " + CA.key("redis"),
                "tls-ca-cert-file " + CA.authority(),
                "tls-auth-clients optional");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void a_server_that_our_authority_vouches_for_is_trusted() {
        assertThat(append("localhost", "REDIS_TLS_CA_FILE", CA.authority().toString()))
                .isInstanceOf(Appended.class);
    }

    @Test
    void another_authoritys_server_is_not() {
        assertRefused(
                "localhost",
                "REDIS_TLS_CA_FILE",
                TestCertificates.other().authority().toString());
    }

    @Test
    void nor_is_one_that_only_we_know_about_trusted_by_default() {
        assertRefused("localhost");
    }

    @Test
    void a_certificate_for_another_name_is_not_enough() {
        assertRefused("127.0.0.1", "REDIS_TLS_CA_FILE", CA.authority().toString());
    }

    @Test
    void a_server_that_wants_to_know_who_we_are_is_told() {
        try (var operator = server.connect()) {
            operator.command("CONFIG", "SET", "tls-auth-clients", "yes");
            assertRefused("localhost", "REDIS_TLS_CA_FILE", CA.authority().toString());
            Path certificate = CA.certificate("relay", "dns:relay");
            assertThat(append(
                            "localhost",
                            "REDIS_TLS_CA_FILE",
                            CA.authority().toString(),
                            "REDIS_TLS_CERTIFICATE_FILE",
                            certificate.toString(),
                            "REDIS_TLS_KEY_FILE",
                            CA.key("relay").toString()))
                    .isInstanceOf(Appended.class);
            operator.command("CONFIG", "SET", "tls-auth-clients", "optional");
        }
    }

    @Test
    void a_file_that_cannot_be_used_is_named() {
        for (List<String> bad : List.of(
                List.of("REDIS_TLS_CA_FILE", "/nowhere/hunter2"),
                List.of("REDIS_TLS_CA_FILE", "/dev/null"),
                List.of("REDIS_TLS_CERTIFICATE_FILE", CA.authority().toString()))) {
            StartupRefusedException failure = catchThrowableOfType(
                    StartupRefusedException.class, () -> settings("localhost", bad.toArray(String[]::new)));
            assertThat(failure).hasMessageStartingWith("REDIS_TLS_").hasMessageNotContaining("hunter2");
        }
    }

    /** The server's authority is replaced, and later the certificate that we show: nothing is started anew, no call fails. */
    @Test
    void files_that_change_are_read_again(@TempDir Path folder) throws IOException {
        TestCertificates other = TestCertificates.other();
        Path trusted = Files.copy(CA.authority(), folder.resolve("ca.pem"));
        Path shown = Files.copy(CA.certificate("relay", "dns:relay"), folder.resolve("relay.pem"));
        Path key = Files.copy(CA.key("relay"), folder.resolve("relay.key"));
        RedisSettings settings = settings(
                "localhost",
                "REDIS_TLS_CA_FILE",
                trusted.toString(),
                "REDIS_TLS_CERTIFICATE_FILE",
                shown.toString(),
                "REDIS_TLS_KEY_FILE",
                key.toString());
        try (RedisMessageQueue queue = new RedisMessageQueue(SETTINGS, settings);
                var operator = server.connect()) {
            queue.newestCheckpoint(SOURCE);
            Set<String> before = tlsConnections(operator);
            Path renewed = other.certificate("relay", "dns:relay");
            useCertificatesOf(operator, other);
            try {
                replace(trusted, Files.readString(other.authority()));
                replace(key, Files.readString(other.key("relay")));
                replace(shown, Files.readString(renewed));

                Eventually.await("the connections are renewed", () -> {
                    queue.newestCheckpoint(SOURCE);
                    Set<String> now = tlsConnections(operator);
                    return !now.isEmpty() && Collections.disjoint(before, now);
                });
            } finally {
                useCertificatesOf(operator, CA);
            }
        }
    }

    private static void useCertificatesOf(RedisConnection operator, TestCertificates authority) {
        operator.command(
                "CONFIG",
                "SET",
                "tls-cert-file",
                authority.certificate("redis", "dns:localhost").toString(),
                "tls-key-file",
                authority.key("redis").toString(),
                "tls-ca-cert-file",
                authority.authority().toString(),
                "tls-auth-clients",
                authority == CA ? "optional" : "yes");
    }

    private static Set<String> tlsConnections(RedisConnection operator) {
        Set<String> ids = new HashSet<>();
        for (String line : ((String) operator.command("CLIENT", "LIST")).split("\n")) {
            if (!line.contains("cmd=client")) {
                ids.add(line.substring(0, line.indexOf(' ')));
            }
        }
        return ids;
    }

    private static void replace(Path file, String content) throws IOException {
        Path fresh = Files.writeString(file.resolveSibling("fresh"), content);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void assertRefused(String host, String... variables) {
        assertThat(catchThrowableOfType(QueueUnavailableException.class, () -> append(host, variables)))
                .isNotNull();
    }

    private static AppendResult append(String host, String... variables) {
        try (RedisMessageQueue queue = new RedisMessageQueue(SETTINGS, settings(host, variables))) {
            server.run("FLUSHALL");
            return queue.append(SOURCE, MessageQueueContract.append(null, "1:a", "a"));
        }
    }

    private static RedisSettings settings(String host, String... variables) {
        MockEnvironment environment =
                new MockEnvironment().withProperty("REDIS_URL", "rediss://" + host + ":" + tlsPort);
        for (int i = 0; i < variables.length; i += 2) {
            environment.setProperty(variables[i], variables[i + 1]);
        }
        return new RedisEnvironment(environment).settings().orElseThrow();
    }
}

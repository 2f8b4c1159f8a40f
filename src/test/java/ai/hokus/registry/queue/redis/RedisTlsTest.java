package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.AppendResult.Appended;
import ai.hokus.registry.queue.MessageQueueContract;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.support.TestCertificates;
import ai.hokus.registry.support.TestRedis;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.mock.env.MockEnvironment;

/** TLS to a real Redis: whom we trust, and whom it does. */
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
            InvalidRedisSettingsException failure = catchThrowableOfType(
                    InvalidRedisSettingsException.class, () -> settings("localhost", bad.toArray(String[]::new)));
            assertThat(failure).hasMessageStartingWith("REDIS_TLS_").hasMessageNotContaining("hunter2");
        }
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

package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.security.KeyVerifier.Verdict.Known;
import ai.hokus.registry.support.TestKeys;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.mock.env.MockEnvironment;

/** Where keys come from. */
@ExtendWith(OutputCaptureExtension.class)
class SecurityConfigurationTest {

    private final SecurityConfiguration configuration = new SecurityConfiguration();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://db/registry",
                "JDBC:POSTGRESQL://db/registry",
                "jdbc:h2:tcp://db/registry",
                "jdbc:h2:ssl://db/registry",
                ""
            })
    void without_keys_an_external_database_stops_the_start(String url) {
        assertThatThrownBy(() -> verifier(url, Map.of()))
                .isInstanceOf(StartupRefusedException.class)
                .hasMessage("No API keys are configured, and the database is not the embedded one: without"
                        + " API_KEYS_FILE or AUTH_SERVICE_URL nobody could use this service.")
                .satisfies(
                        e -> assertThat(((StartupRefusedException) e).analysis().getAction())
                                .contains("API_KEYS_FILE", "AUTH_SERVICE_URL"));
    }

    @Test
    void the_embedded_database_gets_a_random_key() {
        ApiKey key = generated("jdbc:h2:file:./data/registry;MODE=PostgreSQL").key();

        assertThat(key.text())
                .hasSize(43)
                .isNotEqualTo(generated("jdbc:h2:mem:a").key().text());
        assertThat(generated("jdbc:h2:mem:a").verify(key, "")).isNotInstanceOf(Known.class);
    }

    @Test
    void that_key_may_do_everything_and_no_other_anything() {
        GeneratedKey generated = generated("jdbc:h2:mem:a");

        assertThat(generated.verify(generated.key(), "")).isInstanceOfSatisfying(Known.class, known -> {
            for (Permission permission : Permission.values()) {
                assertThat(permission.isGrantedBy(known.scopes()))
                        .as("%s", permission)
                        .isTrue();
            }
        });
        assertThat(generated.verify(ApiKey.of("other"), "")).isNotInstanceOf(Known.class);
    }

    @Test
    void that_key_is_shown_when_the_service_has_started(CapturedOutput output) {
        try (GenericApplicationContext context = new GenericApplicationContext()) {
            context.registerBean(KeyVerifier.class, () -> generated("jdbc:h2:mem:a"));
            context.refresh();
            String key =
                    ((GeneratedKey) context.getBean(KeyVerifier.class)).key().text();

            assertThat(output).doesNotContain(key);
            context.publishEvent(
                    new ApplicationReadyEvent(new SpringApplication(), new String[0], context, Duration.ZERO));
            assertThat(output).containsOnlyOnce("X-API-Key: " + key);
        }
    }

    @Test
    void a_configured_file_leaves_no_random_key() {
        KeyVerifier verifier = verifier(
                "jdbc:h2:mem:a",
                Map.of(
                        "registry.security.key-file",
                        TestKeys.file(TestKeys.line()).toString()));

        assertThat(verifier).isNotInstanceOf(GeneratedKey.class);
        assertThat(verifier.verify(ApiKey.of(TestKeys.KEY), "")).isInstanceOf(Known.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "registry.security.request-body-timeout=0s",
                "registry.security.max-headers=1",
                "registry.security.rate-limit.per-second=-1",
                "registry.security.auth-service.stale-ttl=1s",
                "registry.security.auth-service.timeout=1ms",
                "registry.security.auth-service.cache-size=0"
            })
    void a_setting_that_makes_no_sense_is_named(String setting) {
        String name = setting.substring(0, setting.indexOf('='));

        assertThatThrownBy(() -> settings(Map.of(name, setting.substring(name.length() + 1))))
                .rootCause()
                .hasMessageContaining(name.substring(name.lastIndexOf('.') + 1));
    }

    private GeneratedKey generated(String url) {
        return (GeneratedKey) verifier(url, Map.of());
    }

    private KeyVerifier verifier(String url, Map<String, String> settings) {
        return configuration.keyVerifier(
                settings(settings),
                new MockEnvironment().withProperty("spring.datasource.url", url),
                Clock.systemUTC(),
                Clock.systemUTC(),
                new AuthServiceWatch(false, Clock.systemUTC(), Clock.systemUTC(), new SimpleMeterRegistry()));
    }

    private static SecuritySettings settings(Map<String, String> properties) {
        return new Binder(new MapConfigurationPropertySource(properties))
                .bindOrCreate("registry.security", SecuritySettings.class);
    }
}

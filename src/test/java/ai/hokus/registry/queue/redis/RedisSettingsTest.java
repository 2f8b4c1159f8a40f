package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.env.MockEnvironment;

/** The environment's variables, and that no value of them is ever printed. */
class RedisSettingsTest {

    @Test
    void without_url_and_host_redis_is_not_configured() {
        assertThat(RedisSettings.from(environment())).isEmpty();
        assertThat(RedisSettings.from(environment("REDIS_URL", "", "REDIS_HOST", " ", "REDIS_PORT", "6379")))
                .isEmpty();
        assertThat(RedisSettings.isConfigured(environment("REDIS_PORT", "6379", "REDIS_AUTH_TOKEN", "secret")))
                .isFalse();
    }

    @Test
    void a_url_names_everything() {
        assertThat(url("rediss://relay:secret@cache.internal:7000/3"))
                .isEqualTo(new RedisSettings("cache.internal", 7000, true, "relay", "secret", 3, false));
    }

    @Test
    void a_url_may_be_as_short_as_a_host() {
        assertThat(url("redis://cache")).isEqualTo(new RedisSettings("cache", 6379, false, null, null, 0, false));
        assertThat(url("REDIS://cache/")).isEqualTo(new RedisSettings("cache", 6379, false, null, null, 0, false));
        assertThat(url("redis://[::1]:7000/")).isEqualTo(new RedisSettings("[::1]", 7000, false, null, null, 0, false));
    }

    @ParameterizedTest
    @CsvSource({
        "redis://:secret@cache, secret",
        "redis://:p%40ss%2Fw%3Ard@cache, p@ss/w:rd",
        "redis://:a+b@cache, a+b",
        "redis://:a@b/c?d#e@cache, a@b/c?d#e",
        "redis://:a:b@cache, a:b"
    })
    void a_password_may_hold_anything(String url, String password) {
        assertThat(url(url)).isEqualTo(new RedisSettings("cache", 6379, false, null, password, 0, false));
    }

    @Test
    void a_url_wins_over_the_parts() {
        assertThat(RedisSettings.from(environment(
                        "REDIS_URL",
                        "redis://cache",
                        "REDIS_HOST",
                        "other",
                        "REDIS_PORT",
                        "none",
                        "REDIS_TLS_ENABLED",
                        "true")))
                .contains(new RedisSettings("cache", 6379, false, null, null, 0, false));
    }

    @Test
    void the_parts_name_everything_too() {
        assertThat(RedisSettings.from(environment("REDIS_HOST", "cache")))
                .contains(new RedisSettings("cache", 6379, false, null, null, 0, false));
        assertThat(RedisSettings.from(environment(
                        "REDIS_HOST",
                        "cache",
                        "REDIS_PORT",
                        "7000",
                        "REDIS_AUTH_TOKEN",
                        "secret",
                        "REDIS_USERNAME",
                        "relay",
                        "REDIS_TLS_ENABLED",
                        "True",
                        "REDIS_CLUSTER",
                        "true")))
                .contains(new RedisSettings("cache", 7000, true, "relay", "secret", 0, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cache:6379",
                "http://:hunter2@cache",
                "redis:/cache",
                "redis://",
                "redis://:hunter2@",
                "redis://hunter2@cache",
                "redis://relay:@cache",
                "redis://:hunter2@cache:0",
                "redis://:hunter2@cache:65536",
                "redis://:hunter2@cache:port",
                "redis://:hunter2@cache:",
                "redis://:hunter2@cache/queue",
                "redis://:hunter2@cache?timeout=3s",
                "redis://:hunter2@ca che",
                "redis://:hunter2%@cache",
                "redis://:hunter2%zz@cache",
                "${hunter2}",
                "redis://:${hunter2}@cache"
            })
    void an_unusable_url_is_named_with_an_example_and_never_printed(String url) {
        assertUnusable("REDIS_URL", environment("REDIS_URL", url));
    }

    @ParameterizedTest
    @ValueSource(strings = {"redis://hunter2@cache", "cache:6379", "a b", "tcp://10.0.0.1:6379", "::1"})
    void an_unusable_host_is_named(String host) {
        assertUnusable("REDIS_HOST", environment("REDIS_HOST", host));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "-1", "port", "tcp://10.0.0.1:6379", "hunter2", "63 79"})
    void a_port_that_is_no_port_is_named(String port) {
        assertUnusable("REDIS_PORT", environment("REDIS_HOST", "cache", "REDIS_PORT", port));
    }

    @Test
    void switches_are_true_or_false() {
        assertUnusable("REDIS_TLS_ENABLED", environment("REDIS_HOST", "cache", "REDIS_TLS_ENABLED", "yes"));
        assertUnusable("REDIS_CLUSTER", environment("REDIS_URL", "redis://cache", "REDIS_CLUSTER", "2"));
    }

    @Test
    void a_user_needs_a_password() {
        assertUnusable("REDIS_AUTH_TOKEN", environment("REDIS_HOST", "cache", "REDIS_USERNAME", "hunter2"));
    }

    @Test
    void a_cluster_has_no_numbered_databases() {
        assertUnusable("REDIS_URL", environment("REDIS_URL", "redis://cache/1", "REDIS_CLUSTER", "true"));
        assertThat(RedisSettings.from(environment("REDIS_URL", "redis://cache/0", "REDIS_CLUSTER", "true")))
                .contains(new RedisSettings("cache", 6379, false, null, null, 0, true));
    }

    @Test
    void neither_user_nor_password_is_in_what_people_read() {
        RedisSettings settings = url("redis://hunter:hunter2@cache.internal:7000/3");

        assertThat(settings.address()).isEqualTo("redis://cache.internal:7000");
        assertThat(settings).hasToString("redis://cache.internal:7000/3 (with a password)");
    }

    @Test
    void a_password_over_a_network_without_tls_is_noticed() {
        assertThat(url("redis://:secret@cache").sendsPasswordInTheClear()).isTrue();
        assertThat(url("rediss://:secret@cache").sendsPasswordInTheClear()).isFalse();
        assertThat(url("redis://cache").sendsPasswordInTheClear()).isFalse();
        assertThat(url("redis://:secret@LOCALHOST").sendsPasswordInTheClear()).isFalse();
        assertThat(url("redis://:secret@127.0.0.1").sendsPasswordInTheClear()).isFalse();
        assertThat(url("redis://:secret@[::1]").sendsPasswordInTheClear()).isFalse();
    }

    private static void assertUnusable(String variable, MockEnvironment environment) {
        InvalidRedisSettingsException failure =
                catchThrowableOfType(InvalidRedisSettingsException.class, () -> RedisSettings.from(environment));
        assertThat(failure).as("no failure").isNotNull();
        assertThat(failure)
                .hasMessageStartingWith(variable + " ")
                .hasMessageContaining("for example ")
                .hasMessageNotContaining("hunter2")
                .hasNoCause();
        assertThat(failure.action()).contains(variable);
    }

    private static RedisSettings url(String url) {
        return RedisSettings.from(environment("REDIS_URL", url)).orElseThrow();
    }

    private static MockEnvironment environment(String... namesAndValues) {
        MockEnvironment environment = new MockEnvironment();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            environment.setProperty(namesAndValues[i], namesAndValues[i + 1]);
        }
        return environment;
    }
}

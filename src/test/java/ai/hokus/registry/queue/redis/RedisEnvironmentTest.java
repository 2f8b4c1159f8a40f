package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.StartupRefusedException;
import ai.hokus.registry.queue.redis.RedisSettings.Kind;
import ai.hokus.registry.queue.redis.RedisSettings.Node;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.env.MockEnvironment;

/** The environment's variables: all that are set are obeyed, or contradict each other; no value of them is ever printed. */
@ExtendWith(OutputCaptureExtension.class)
class RedisEnvironmentTest {

    @Test
    void without_url_and_host_redis_is_not_configured(CapturedOutput output) {
        assertThat(new RedisEnvironment(environment()).settings()).isEmpty();
        assertThat(new RedisEnvironment(environment("REDIS_URL", "", "REDIS_HOST", " ")).settings())
                .isEmpty();
        assertThat(output).doesNotContain("WARN");
    }

    @Test
    void a_token_without_a_host_is_warned_of_and_not_printed(CapturedOutput output) {
        assertThat(new RedisEnvironment(environment("REDIS_AUTH_TOKEN", "hunter2", "REDIS_PORT", "6379")).settings())
                .isEmpty();
        assertThat(output)
                .contains("REDIS_PORT, REDIS_AUTH_TOKEN are set, but none of REDIS_URL, REDIS_HOST and REDIS_SENTINELS")
                .doesNotContain("hunter2");
    }

    /** One row per way of saying it; the last column is what the connection is made with. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "REDIS_HOST=cache | redis://cache:6379",
                "REDIS_HOST=cache REDIS_PORT=7000 REDIS_AUTH_TOKEN=pw REDIS_USERNAME=me REDIS_TLS_ENABLED=True REDIS_CLUSTER=true"
                        + " | rediss://cache:7000 me/pw cluster",
                "REDIS_HOST=[::1] | redis://[::1]:6379",
                "REDIS_URL=redis://cache | redis://cache:6379",
                "REDIS_URL=REDIS://cache/ | redis://cache:6379",
                "REDIS_URL=rediss://me:pw@cache.internal:7000/3 | rediss://cache.internal:7000 me/pw /3",
                "REDIS_URL=redis://[::1]:7000/ | redis://[::1]:7000",
                "REDIS_URL=redis://cache/0 REDIS_CLUSTER=true | redis://cache:6379 cluster",
                // As the original takes them.
                "REDIS_URL=cache.example | redis://cache.example:6379",
                "REDIS_URL=cache.example:7000 | redis://cache.example:7000",
                "REDIS_URL=cache.example REDIS_TLS_ENABLED=true REDIS_PORT=7000 REDIS_AUTH_TOKEN=pw | rediss://cache.example:7000 null/pw",
                "REDIS_URL=cache.example:7000 REDIS_TLS_ENABLED=false | redis://cache.example:7000",
                // The parts complete the URL.
                "REDIS_URL=redis://cache REDIS_AUTH_TOKEN=pw | redis://cache:6379 null/pw",
                "REDIS_URL=redis://cache REDIS_TLS_ENABLED=true | rediss://cache:6379",
                "REDIS_URL=rediss://cache REDIS_AUTH_TOKEN=pw REDIS_USERNAME=me | rediss://cache:6379 me/pw",
                "REDIS_URL=redis://:pw@cache REDIS_USERNAME=me | redis://cache:6379 me/pw",
                "REDIS_URL=redis://me@cache REDIS_AUTH_TOKEN=pw | redis://cache:6379 me/pw",
                "REDIS_URL=redis://cache REDIS_PORT=7000 | redis://cache:7000",
                "REDIS_URL=redis://cache REDIS_CLUSTER=true | redis://cache:6379 cluster",
                // They say the same.
                "REDIS_URL=rediss://me:pw@cache:7000 REDIS_HOST=CACHE REDIS_PORT=7000 REDIS_AUTH_TOKEN=pw REDIS_USERNAME=me"
                        + " REDIS_TLS_ENABLED=true REDIS_CLUSTER=false | rediss://cache:7000 me/pw",
                "REDIS_SENTINELS=a:1,b REDIS_SENTINEL_MASTER=mymaster | mymaster (sentinels redis://a:1, redis://b:26379)",
                "REDIS_SENTINELS=a,[::1]:7 REDIS_SENTINEL_MASTER=m REDIS_TLS_ENABLED=true REDIS_AUTH_TOKEN=pw REDIS_USERNAME=me REDIS_CLUSTER=false"
                        + " | m (sentinels rediss://a:26379, rediss://[::1]:7) me/pw"
            })
    void what_is_set_is_obeyed(String variables, String connection) {
        assertThat(described(settings(variables))).isEqualTo(connection);
    }

    @ParameterizedTest
    @CsvSource({
        "REDIS_URL, REDIS_HOST, redis://cache, other",
        "REDIS_URL, REDIS_HOST, cache, other",
        "REDIS_URL, REDIS_PORT, redis://cache:6379, 6380",
        "REDIS_URL, REDIS_PORT, cache:6379, 6380",
        "REDIS_URL, REDIS_AUTH_TOKEN, redis://:hunter2@cache, hunter3",
        "REDIS_URL, REDIS_AUTH_TOKEN_FILE, redis://:hunter2@cache, /hunter2",
        "REDIS_URL, REDIS_USERNAME, redis://hunter1:pw@cache, hunter2",
        "REDIS_URL, REDIS_TLS_ENABLED, rediss://cache, false",
        "REDIS_URL, REDIS_CLUSTER, redis://cache/1, true",
        "REDIS_URL, REDIS_SENTINELS, redis://cache, s1",
        "REDIS_HOST, REDIS_SENTINELS, cache, s1",
        "REDIS_PORT, REDIS_SENTINELS, 6379, s1",
        "REDIS_CLUSTER, REDIS_SENTINELS, true, s1"
    })
    void two_that_contradict_each_other_are_named_and_not_printed(
            String one, String other, String first, String second) {
        StartupRefusedException failure = failure(environment(one, first, other, second));

        assertThat(failure)
                .hasMessageStartingWith(one + " and " + other + " contradict each other: ")
                .hasMessageNotContaining("hunter")
                .hasNoCause();
        assertThat(failure.analysis().getAction()).contains(one, other);
    }

    /** As a shell's {@code echo} leaves it. */
    @Test
    void a_line_break_after_a_token_is_no_part_of_it() {
        RedisEnvironment both =
                new RedisEnvironment(environment("REDIS_URL", "redis://:pw@cache", "REDIS_AUTH_TOKEN", "pw\n"));

        assertThat(described(both.settings().orElseThrow())).isEqualTo("redis://cache:6379 null/pw");
    }

    @Test
    void a_token_and_its_file_contradict_each_other_whatever_they_hold() {
        assertThat(failure(environment(
                        "REDIS_HOST", "cache", "REDIS_AUTH_TOKEN", "hunter2", "REDIS_AUTH_TOKEN_FILE", "/hunter2")))
                .hasMessageStartingWith("REDIS_AUTH_TOKEN and REDIS_AUTH_TOKEN_FILE contradict each other: ")
                .hasMessageNotContaining("hunter2");
    }

    /**
     * All combinations of seven variables, each with values that fit and one that does not. Whatever comes out, either the
     * connection has each value that is set, or the sentence names variables that are set.
     */
    @Test
    void every_combination_is_obeyed_or_named() {
        Map<String, List<String>> values = new LinkedHashMap<>();
        values.put(
                "REDIS_URL",
                List.of(
                        "",
                        "cache",
                        "cache:7000",
                        "redis://cache",
                        "rediss://me:pw@cache:7000",
                        "redis://:pw@cache/2"));
        values.put("REDIS_HOST", List.of("", "cache", "elsewhere"));
        values.put("REDIS_PORT", List.of("", "7000", "7001"));
        values.put("REDIS_AUTH_TOKEN", List.of("", "pw", "hunter2"));
        values.put("REDIS_USERNAME", List.of("", "me", "hunter"));
        values.put("REDIS_TLS_ENABLED", List.of("", "true", "false"));
        values.put("REDIS_CLUSTER", List.of("", "true", "false"));
        int obeyed = 0;
        int named = 0;
        for (Map<String, String> chosen : combinations(values)) {
            MockEnvironment environment = new MockEnvironment();
            chosen.forEach(environment::setProperty);
            String expected = connection(chosen);
            try {
                String made = new RedisEnvironment(environment)
                        .settings()
                        .map(RedisEnvironmentTest::described)
                        .orElse("none");
                assertThat(made).as("%s", chosen).isEqualTo(expected);
                obeyed++;
            } catch (StartupRefusedException failure) {
                assertThat(expected).as("%s: %s", chosen, failure.getMessage()).isEqualTo("contradiction");
                assertThat(failure).hasMessageNotContaining("hunter");
                assertThat(chosen.keySet())
                        .as("%s: %s", chosen, failure.getMessage())
                        .anyMatch(failure.getMessage()::contains);
                named++;
            }
        }
        assertThat(obeyed).isPositive();
        assertThat(named).isPositive();
        assertThat(obeyed + named).isEqualTo(6 * 3 * 3 * 3 * 3 * 3 * 3);
    }

    /** What each source says of a property, put beside each other: at most one opinion is allowed. */
    private static String connection(Map<String, String> chosen) {
        String url = chosen.getOrDefault("REDIS_URL", "");
        if (url.isEmpty() && !chosen.containsKey("REDIS_HOST")) {
            return "none";
        }
        Map<String, List<String>> opinions = new LinkedHashMap<>();
        opinions.put("host", opinions(url.isEmpty() ? null : "cache", chosen.get("REDIS_HOST")));
        opinions.put("port", opinions(url.contains(":7000") ? "7000" : null, chosen.get("REDIS_PORT")));
        opinions.put("password", opinions(url.contains("pw@") ? "pw" : null, chosen.get("REDIS_AUTH_TOKEN")));
        opinions.put("user", opinions(url.contains("me:") ? "me" : null, chosen.get("REDIS_USERNAME")));
        opinions.put("tls", opinions(url.startsWith("rediss") ? "true" : null, chosen.get("REDIS_TLS_ENABLED")));
        boolean cluster = "true".equals(chosen.get("REDIS_CLUSTER"));
        boolean userAlone =
                !opinions.get("user").isEmpty() && opinions.get("password").isEmpty();
        if (opinions.values().stream().anyMatch(said -> said.size() > 1)
                || userAlone
                || (cluster && url.endsWith("/2"))) {
            return "contradiction";
        }
        String tls = only(opinions.get("tls"), "false");
        String password = only(opinions.get("password"), null);
        return ("true".equals(tls) ? "rediss://" : "redis://") + only(opinions.get("host"), null) + ":"
                + only(opinions.get("port"), "6379")
                + (password == null ? "" : " " + only(opinions.get("user"), "null") + "/" + password)
                + (url.endsWith("/2") ? " /2" : "")
                + (cluster ? " cluster" : "");
    }

    private static List<String> opinions(String... said) {
        return Stream.of(said).filter(Objects::nonNull).distinct().toList();
    }

    private static String only(List<String> said, String otherwise) {
        return said.isEmpty() ? otherwise : said.get(0);
    }

    private static List<Map<String, String>> combinations(Map<String, List<String>> values) {
        List<Map<String, String>> all = List.of(Map.of());
        for (Map.Entry<String, List<String>> variable : values.entrySet()) {
            List<Map<String, String>> longer = new ArrayList<>();
            for (Map<String, String> shorter : all) {
                for (String value : variable.getValue()) {
                    Map<String, String> one = new LinkedHashMap<>(shorter);
                    if (!value.isEmpty()) {
                        one.put(variable.getKey(), value);
                    }
                    longer.add(one);
                }
            }
            all = longer;
        }
        return all;
    }

    @Test
    void a_bare_host_is_warned_of_once(CapturedOutput output) {
        settings("REDIS_URL=cache.example REDIS_TLS_ENABLED=true REDIS_PORT=7000");

        assertThat(output)
                .containsOnlyOnce("WARN")
                .contains("REDIS_URL names no scheme. It is read as rediss://cache.example:7000");
    }

    @ParameterizedTest
    @CsvSource({
        "redis://:secret@cache, secret",
        "redis://:p%40ss%2Fw%3Ard@cache, p@ss/w:rd",
        "redis://:a+b@cache, a+b",
        "redis://:a@b/c?d#e@cache, a@b/c?d#e",
        "redis://:a:b@cache, a:b",
        "redis://:${HOME}@cache, ${HOME}",
        "redis://:${hunter2@cache, ${hunter2"
    })
    void a_password_may_hold_anything(String url, String password) {
        assertThat(new RedisEnvironment(environment("REDIS_URL", url)).settings())
                .contains(TestQueue.redis("cache", 6379, false, null, password, 0, false));
    }

    @Test
    void a_token_is_taken_literally() {
        for (String token : List.of("${HOME}", "${no.such.thing}", "a${b", "#{1}", "$2a$10$x")) {
            assertThat(new RedisEnvironment(environment("REDIS_HOST", "cache", "REDIS_AUTH_TOKEN", token))
                            .settings()
                            .orElseThrow()
                            .password())
                    .isEqualTo(token);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://:hunter2@cache",
                "hunter2@cache",
                "cache/0",
                "cache:0",
                "cache:6379:1",
                "::1",
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
                "redis://:hunter2@${cache}"
            })
    void an_unusable_url_is_named_with_an_example_and_never_printed(String url) {
        assertUnusable("REDIS_URL", environment("REDIS_URL", url));
    }

    @ParameterizedTest
    @ValueSource(strings = {"redis://hunter2@cache", "cache:6379", "a b", "tcp://10.0.0.1:6379", "::1", "${hunter2}"})
    void an_unusable_host_is_named(String host) {
        assertUnusable("REDIS_HOST", environment("REDIS_HOST", host));
        assertUnusable("REDIS_HOST", environment("REDIS_HOST", host, "REDIS_URL", "redis://cache"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "-1", "port", "tcp://10.0.0.1:6379", "hunter2", "63 79"})
    void a_port_that_is_no_port_is_named(String port) {
        assertUnusable("REDIS_PORT", environment("REDIS_HOST", "cache", "REDIS_PORT", port));
        assertUnusable("REDIS_PORT", environment("REDIS_URL", "redis://cache:6379", "REDIS_PORT", port));
    }

    @Test
    void switches_are_true_or_false() {
        assertUnusable("REDIS_TLS_ENABLED", environment("REDIS_HOST", "cache", "REDIS_TLS_ENABLED", "yes"));
        assertUnusable("REDIS_TLS_ENABLED", environment("REDIS_URL", "rediss://cache", "REDIS_TLS_ENABLED", "1"));
        assertUnusable("REDIS_CLUSTER", environment("REDIS_URL", "redis://cache", "REDIS_CLUSTER", "2"));
    }

    @Test
    void a_user_needs_a_password() {
        assertUnusable("REDIS_AUTH_TOKEN", environment("REDIS_HOST", "cache", "REDIS_USERNAME", "hunter2"));
        assertUnusable("REDIS_AUTH_TOKEN", environment("REDIS_URL", "redis://cache", "REDIS_USERNAME", "hunter2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"redis://hunter2", "a,,b", "a:0", "a b", "${hunter2}", "a:hunter2", ","})
    void unusable_sentinels_are_named(String sentinels) {
        assertUnusable(
                "REDIS_SENTINELS", environment("REDIS_SENTINELS", sentinels, "REDIS_SENTINEL_MASTER", "mymaster"));
    }

    @Test
    void sentinels_and_the_name_of_the_primary_need_each_other() {
        assertUnusable("REDIS_SENTINEL_MASTER", environment("REDIS_SENTINELS", "a"));
        assertUnusable("REDIS_SENTINEL_MASTER", environment("REDIS_SENTINELS", "a", "REDIS_SENTINEL_MASTER", "a b"));
        assertUnusable("REDIS_SENTINELS", environment("REDIS_SENTINEL_MASTER", "hunter2"));
        assertUnusable("REDIS_SENTINELS", environment("REDIS_SENTINEL_MASTER", "hunter2", "REDIS_HOST", "cache"));
    }

    @Test
    void a_password_may_stand_in_a_file_and_is_read_again(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("token"), "first\r\n");
        RedisSettings settings = new RedisEnvironment(
                        environment("REDIS_HOST", "cache", "REDIS_AUTH_TOKEN_FILE", file.toString()))
                .settings()
                .orElseThrow();
        assertThat(settings.password()).isEqualTo("first");
        assertThat(settings.withCurrentSecrets()).isEqualTo(settings);

        Files.writeString(file, "second");
        assertThat(settings.withCurrentSecrets().password()).isEqualTo("second");

        Files.writeString(file, "\n");
        assertThat(settings.withCurrentSecrets()).as("while it is empty").isEqualTo(settings);
        Files.delete(file);
        assertThat(settings.withCurrentSecrets()).as("while it is away").isEqualTo(settings);
    }

    @Test
    void a_password_file_that_cannot_be_read_is_not_printed(@TempDir Path folder) throws IOException {
        Path empty = Files.writeString(folder.resolve("hunter2"), "");
        for (String file : List.of("hunter2", empty.toString(), "/dev/null", folder.toString(), "\0hunter2")) {
            assertUnusable("REDIS_AUTH_TOKEN_FILE", environment("REDIS_HOST", "cache", "REDIS_AUTH_TOKEN_FILE", file));
        }
    }

    @Test
    void neither_user_nor_password_is_in_what_people_read() {
        RedisSettings settings = settings("REDIS_URL=redis://hunter:hunter2@cache.internal:7000/3");

        assertThat(settings.address()).isEqualTo("redis://cache.internal:7000");
        assertThat(settings).hasToString("redis://cache.internal:7000");
    }

    @ParameterizedTest
    @CsvSource({
        "REDIS_URL=redis://:secret@cache, true",
        "REDIS_URL=rediss://:secret@cache, false",
        "REDIS_URL=redis://cache, false",
        "REDIS_URL=redis://:secret@LOCALHOST, false",
        "REDIS_URL=redis://:secret@127.0.0.1, false",
        "REDIS_URL=redis://:secret@[::1], false",
        "REDIS_SENTINELS=localhost REDIS_SENTINEL_MASTER=m REDIS_AUTH_TOKEN=secret, false",
        "REDIS_SENTINELS=localhost;cache REDIS_SENTINEL_MASTER=m REDIS_AUTH_TOKEN=secret, true"
    })
    void a_password_over_a_network_without_tls_is_noticed(String variables, boolean noticed) {
        assertThat(settings(variables.replace(';', ',')).sendsPasswordInTheClear())
                .isEqualTo(noticed);
    }

    @Test
    void sentinels_are_nodes() {
        RedisSettings settings = settings("REDIS_SENTINELS=a,b:7 REDIS_SENTINEL_MASTER=m");
        assertThat(settings.kind()).isEqualTo(Kind.SENTINEL);
        assertThat(settings.nodes()).containsExactly(new Node("a", 26_379), new Node("b", 7));
    }

    private static String described(RedisSettings settings) {
        return settings.address()
                + (settings.password() == null ? "" : " " + settings.username() + "/" + settings.password())
                + (settings.database() == 0 ? "" : " /" + settings.database())
                + (settings.kind() == Kind.CLUSTER ? " cluster" : "");
    }

    private static void assertUnusable(String variable, MockEnvironment environment) {
        StartupRefusedException failure = failure(environment);
        assertThat(failure)
                .hasMessageStartingWith(variable + " ")
                .hasMessageContaining("for example ")
                .hasMessageNotContaining("hunter2")
                .hasNoCause();
        assertThat(failure.analysis().getAction()).contains(variable);
    }

    private static StartupRefusedException failure(MockEnvironment environment) {
        StartupRefusedException failure =
                catchThrowableOfType(StartupRefusedException.class, () -> new RedisEnvironment(environment).settings());
        assertThat(failure).as("no failure").isNotNull();
        return failure;
    }

    /** @param variables NAME=VALUE, with blanks between */
    private static RedisSettings settings(String variables) {
        MockEnvironment environment = new MockEnvironment();
        for (String variable : variables.split(" ")) {
            int equals = variable.indexOf('=');
            environment.setProperty(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return new RedisEnvironment(environment).settings().orElseThrow();
    }

    private static MockEnvironment environment(String... namesAndValues) {
        MockEnvironment environment = new MockEnvironment();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            environment.setProperty(namesAndValues[i], namesAndValues[i + 1]);
        }
        return environment;
    }
}

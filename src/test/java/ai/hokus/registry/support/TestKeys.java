package ai.hokus.registry.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.webmvc.test.autoconfigure.MockMvcBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.http.HttpHeaders;
import org.springframework.test.web.servlet.request.MockMvcRequestBuilders;

/**
 * API keys for tests. A test of the whole application that wants to be let in says {@code @Import(TestKeys.class)}: then the
 * service knows {@link #KEY}, requests through MockMvc carry it unless they name an {@code Authorization} of their own, and the
 * database is an H2 in memory for this test alone.
 */
@TestConfiguration(proxyBeanMethods = false)
public class TestKeys {

    /** Good for everything. */
    public static final String KEY = "test-key";

    /** Whose {@link #KEY} is. */
    public static final String USER = "ada";

    private static final String EVERYTHING = "full_access,outbox:read,outbox:operate";

    /** Before any bean is made: a real web server asks for settings earlier than dynamic properties are there. */
    @Bean
    static BeanFactoryPostProcessor testKeyFile(ConfigurableEnvironment environment) {
        Map<String, Object> settings = Map.of(
                "registry.security.key-file",
                file(line()).toString(),
                "spring.datasource.url",
                TestDatabase.H2.newUrl());
        return beans -> environment.getPropertySources().addFirst(new MapPropertySource("test keys", settings));
    }

    @Bean
    MockMvcBuilderCustomizer keyWithEveryRequest() {
        return mvc ->
                mvc.defaultRequest(MockMvcRequestBuilders.get("/").header(HttpHeaders.AUTHORIZATION, "Bearer " + KEY));
    }

    /** A key file's line. */
    public static String line(String key, String user, String scopes) {
        return sha256(key) + " " + user + " " + scopes;
    }

    /** A line for {@link #KEY}. */
    public static String line() {
        return line(KEY, USER, EVERYTHING);
    }

    /** Writes a key file that goes away with the JVM. */
    public static Path file(String... lines) {
        try {
            Path file = Files.createTempFile("test-keys", null);
            file.toFile().deleteOnExit();
            return Files.writeString(file, String.join("\n", lines) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static String sha256(String key) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}

package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.BoundConfigurationProperties;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.env.PropertySourcesPropertyResolver;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * docs/configuration.md names every setting with its default, as the code has them. {@code
 * -Dconfiguration.document.update=true} writes the table anew.
 */
class ConfigurationDocumentTest {

    private static final Path DOCUMENT = Path.of("docs", "configuration.md");
    private static final String BEGIN = "<!-- settings: generated -->\n";
    private static final String END = "<!-- settings: end -->";

    @Test
    void the_document_has_every_setting_with_its_default() throws IOException {
        String document = Files.readString(DOCUMENT);
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        int end = document.indexOf(END);
        String table = table();
        if (Boolean.getBoolean("configuration.document.update")) {
            Files.writeString(DOCUMENT, document.substring(0, begin) + table + document.substring(end));
            return;
        }
        assertThat(document.substring(begin, end))
                .as(
                        "docs/configuration.md is behind the code; -Dconfiguration.document.update=true brings it up to date")
                .isEqualTo(table);
    }

    @Test
    void every_setting_has_a_default_and_a_description() throws IOException {
        assertThat(settings()).isNotEmpty().allSatisfy((name, setting) -> {
            if (!name.equals("registry.outbox.environment")) { // not set by default, and nothing stands for that
                assertThat(setting.path("defaultValue").isMissingNode())
                        .as(name)
                        .isFalse();
            }
            assertThat(setting.path("description").asString()).as(name).isNotBlank();
        });
    }

    /** The table has the records' defaults; what application.yaml says instead would be missing from it. */
    @Test
    void application_yaml_has_the_same_defaults() throws IOException {
        MutablePropertySources yaml = new MutablePropertySources();
        new YamlPropertySourceLoader()
                .load("application.yaml", new ClassPathResource("application.yaml"))
                .forEach(yaml::addLast);
        PropertyResolver resolver = new PropertySourcesPropertyResolver(yaml);
        TreeMap<String, JsonNode> settings = settings();
        settings.keySet().removeIf(name -> !resolver.containsProperty(name));

        assertThat(settings)
                .hasSizeGreaterThan(5)
                .allSatisfy((name, setting) -> assertThat(resolver.getProperty(name))
                        .isEqualTo(setting.path("defaultValue").asString()));
    }

    /** As the document says: dots and dashes become underscores, and all letters capitals. */
    @Test
    void every_setting_is_a_variable_too() throws IOException {
        Map<String, Object> variables = new TreeMap<>();
        Set<String> names = new TreeSet<>(settings().keySet());
        names.remove("registry.migrate-only"); // asked for before there is a context
        for (String name : names) {
            String value = settings().get(name).path("defaultValue").asString();
            variables.put(
                    name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT),
                    name.equals("registry.outbox.environment") ? "production" : value);
        }

        new ApplicationContextRunner()
                .withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .replace(
                                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                                new SystemEnvironmentPropertySource(
                                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables)))
                .withUserConfiguration(AllSettings.class)
                .run(context -> assertThat(BoundConfigurationProperties.get(context)
                                .getAll()
                                .keySet())
                        .extracting(ConfigurationPropertyName::toString)
                        .containsAll(names));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties
    @ConfigurationPropertiesScan("ai.hokus.registry")
    static class AllSettings {}

    private static String table() throws IOException {
        StringBuilder table = new StringBuilder("| setting | default | meaning |\n|---|---|---|\n");
        settings()
                .forEach((name, setting) -> table.append("| `")
                        .append(name)
                        .append("` | `")
                        .append(setting.path("defaultValue").asString())
                        .append("` | ")
                        .append(description(setting))
                        .append(" |\n"));
        return table.toString();
    }

    private static String description(JsonNode setting) {
        return setting.path("description")
                .asString()
                .replaceAll("\\s+", " ")
                .replaceAll("\\{@code ([^}]*)}", "`$1`")
                .replaceAll("\\{@(?:link|value) #?([^}]*)}", "`$1`")
                .replace("|", "\\|");
    }

    /** As the compiler wrote them down from our settings' records. */
    private static TreeMap<String, JsonNode> settings() throws IOException {
        TreeMap<String, JsonNode> settings = new TreeMap<>();
        List<URL> resources = Collections.list(ConfigurationDocumentTest.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json"));
        for (URL resource : resources) {
            try (InputStream json = resource.openStream()) {
                for (JsonNode property : new JsonMapper().readTree(json).path("properties")) {
                    String name = property.path("name").asString();
                    if (name.startsWith("registry.")) {
                        settings.put(name, property);
                    }
                }
            }
        }
        return settings;
    }
}

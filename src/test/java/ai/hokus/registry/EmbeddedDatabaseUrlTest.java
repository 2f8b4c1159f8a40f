package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.h2.tools.Shell;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.core.io.ClassPathResource;

/** The JDBC URL of the README and the runbook for the embedded database, from a process and a folder of their own. */
class EmbeddedDatabaseUrlTest {

    private static final Path RUNBOOK = Path.of("docs/runbook.md");
    private static final Pattern COMMAND = Pattern.compile("(?m)^java -cp h2-\\*\\.jar (.*\\\\\n)*.*$");
    private static final Pattern URL = Pattern.compile("jdbc:h2:file:/srv/registry/data/registry(;\\w+=\\w+)+");

    @TempDir
    private Path folder;

    @TempDir
    private Path elsewhere;

    @Test
    void works_while_the_service_runs_and_while_it_does_not() {
        try (RunningService service = service()) {
            service.register("churn", "1");
            assertThat(query(folder)).as("the service runs").containsPattern("0 +\\| running \\| 1 ");
        }
        assertThat(query(folder)).as("the service does not run").containsPattern("0 +\\| running \\| 1 ");
        try (RunningService service = service()) {
            assertThat(service.get("/models/churn/1").statusCode())
                    .as("the service runs again")
                    .isEqualTo(200);
        }
    }

    @Test
    void never_makes_a_database() throws IOException {
        assertThat(query(folder)).contains("Database", "not found");

        assertThat(folder).isEmptyDirectory();
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void is_the_same_in_the_readme_and_in_the_runbook() throws IOException {
        String readme = URL.matcher(Files.readString(Path.of("README.md")))
                .results()
                .findFirst()
                .orElseThrow()
                .group();

        assertThat(Files.readString(RUNBOOK)).contains('"' + readme + '"');
    }

    private RunningService service() {
        YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
        yaml.setResources(new ClassPathResource("application.yaml"));
        String url = yaml.getObject().getProperty("spring.datasource.url");
        return RunningService.on(
                TestDatabase.H2, Map.of("spring.datasource.url", url.replace("./data", folder + "/data")));
    }

    /** What the runbook's command prints for a service whose folder this is. */
    private String query(Path folder) {
        try {
            Path h2 = Path.of(Shell.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .getPath());
            String command = COMMAND.matcher(Files.readString(RUNBOOK))
                    .results()
                    .findFirst()
                    .orElseThrow()
                    .group()
                    .replace("h2-*.jar", h2.toString())
                    .replace("/srv/registry", folder.toString());
            Process shell = new ProcessBuilder("bash", "-c", command)
                    .directory(elsewhere.toFile())
                    .redirectErrorStream(true)
                    .start();
            return new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

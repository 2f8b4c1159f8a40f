package ai.hokus.registry.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.registry.StartupRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringApplication;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Where the variables say that the database is, and who connects. */
class DatabaseVariablesTest {

    private static final Map<String, String> FIVE = Map.of(
            "DB_HOST", "db.internal",
            "DB_PORT", "5433",
            "DB_NAME", "mlflow_db",
            "DB_USER", "mlflow",
            "DB_PASSWORD", "hunter2 ");

    @Test
    void the_five_make_a_url_and_a_login() {
        assertThat(url(FIVE))
                .isEqualTo("jdbc:postgresql://db.internal:5433/mlflow_db?currentSchema=registration_outbox");
        assertThat(login(FIVE)).isEqualTo("mlflow:hunter2 ");
    }

    @Test
    void without_them_the_defaults_stay() {
        assertThat(url(Map.of())).isNull();
        assertThat(url(Map.of("DB_HOST", "", "DB_PASSWORD", " "))).isNull();
        assertThat(login(Map.of())).isEqualTo("sa:");
    }

    @Test
    void a_name_is_no_part_of_the_syntax() {
        assertThat(url(with("DB_NAME", "a b?user=c${HOME}/ü")))
                .isEqualTo("jdbc:postgresql://db.internal:5433/a%20b%3Fuser%3Dc%24%7BHOME%7D%2F%C3%BC"
                        + "?currentSchema=registration_outbox");
    }

    @ParameterizedTest
    @ValueSource(strings = {"DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"})
    void one_that_is_missing_is_named(String missing) {
        assertThat(refusal(with(missing, "")))
                .contains("but " + missing + " is not: ")
                .doesNotContain("hunter2");
    }

    @Test
    void one_that_is_alone_is_refused() {
        assertThat(refusal(Map.of("DB_PASSWORD", "hunter2")))
                .startsWith("DB_PASSWORD is set, but DB_HOST, DB_PORT, DB_NAME, DB_USER are not: ");
    }

    @ParameterizedTest
    @CsvSource({
        "DB_PORT, 0",
        "DB_PORT, 65536",
        "DB_PORT, port",
        "DB_PORT, 5432/x",
        "DB_HOST, jdbc:postgresql://db",
        "DB_HOST, db:5432",
        "DB_HOST, a b",
        "DB_HOST, db/x?y=z"
    })
    void an_unusable_one_is_named(String variable, String value) {
        assertThat(refusal(with(variable, value))).startsWith(variable + " must be ");
    }

    /** A URL that somebody has set is used; it may not be contradicted, and the login is completed. */
    @Test
    void a_url_goes_before_them() {
        Map<String, String> agreeing =
                with("SPRING_DATASOURCE_URL", "jdbc:postgresql://db.internal:5433/mlflow_db?ssl=true");
        assertThat(url(agreeing)).isNull();
        assertThat(login(agreeing)).isEqualTo("mlflow:hunter2 ");
        assertThat(url(with("SPRING_DATASOURCE_URL", "jdbc:postgresql://a:5433,DB.internal:5433/mlflow_db")))
                .isNull();
        assertThat(url(with("SPRING_DATASOURCE_URL", "jdbc:aws-wrapper:postgresql://db.internal:5433/mlflow_db")))
                .isNull();
        assertThat(url(Map.of("SPRING_DATASOURCE_URL", "jdbc:h2:mem:a", "DB_USER", "mlflow")))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://other:5433/mlflow_db, DB_HOST",
        "jdbc:postgresql://db.internal/mlflow_db, DB_PORT",
        "jdbc:postgresql://db.internal:5433/registry, DB_NAME",
        "jdbc:h2:file:./data/registry, DB_HOST"
    })
    void a_url_that_says_something_else_is_refused(String url, String variable) {
        assertThat(refusal(with("SPRING_DATASOURCE_URL", url)))
                .startsWith("SPRING_DATASOURCE_URL and " + variable + " contradict each other: ");
    }

    @Test
    void two_users_or_passwords_are_refused() {
        assertThat(refusal(with("SPRING_DATASOURCE_USERNAME", "registry")))
                .isEqualTo("SPRING_DATASOURCE_USERNAME and DB_USER contradict each other: they name different users.");
        assertThat(refusal(with("SPRING_DATASOURCE_PASSWORD", "hunter3")))
                .isEqualTo(
                        "SPRING_DATASOURCE_PASSWORD and DB_PASSWORD contradict each other: they hold different passwords.");
        assertThat(refusal(with("DB_PASSWORD_FILE", "/hunter2")))
                .startsWith("DB_PASSWORD and DB_PASSWORD_FILE contradict each other: ");
        assertThat(refusal(
                        Map.of("SPRING_DATASOURCE_PASSWORD", "hunter2", "SPRING_DATASOURCE_PASSWORD_FILE", "/hunter2")))
                .startsWith("SPRING_DATASOURCE_PASSWORD and SPRING_DATASOURCE_PASSWORD_FILE contradict each other: ");
        assertThat(refusal(Map.of("DB_PASSWORD_FILE", "/a", "SPRING_DATASOURCE_PASSWORD_FILE", "/b")))
                .isEqualTo(
                        "SPRING_DATASOURCE_PASSWORD_FILE and DB_PASSWORD_FILE contradict each other: they name different"
                                + " files.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SPRING_DATASOURCE_PASSWORD_FILE", "DB_PASSWORD_FILE"})
    void a_password_may_be_in_a_file(String variable, @TempDir Path folder) throws IOException {
        Map<String, String> variables = with("DB_PASSWORD", "");
        variables.put(
                variable,
                Files.writeString(folder.resolve("password"), " ${HOME} \r\n").toString());

        assertThat(url(variables)).startsWith("jdbc:postgresql://db.internal");
        assertThat(login(variables)).isEqualTo("mlflow: ${HOME} ");
    }

    @Test
    void a_file_without_a_password_is_refused_and_not_printed(@TempDir Path folder) throws IOException {
        Path empty = Files.writeString(folder.resolve("hunter2"), "\n");
        for (String file : List.of("hunter2", empty.toString(), folder.toString(), "/dev/null")) {
            assertThat(refusal(Map.of("SPRING_DATASOURCE_PASSWORD_FILE", file)))
                    .startsWith("SPRING_DATASOURCE_PASSWORD_FILE must name a readable file")
                    .doesNotContain("hunter2");
        }
    }

    /** Compose makes one of a variable that is not set; Spring Boot would take a database in memory for it. */
    @Test
    void an_empty_url_is_refused() {
        assertThat(refusal(Map.of("SPRING_DATASOURCE_URL", ""))).startsWith("SPRING_DATASOURCE_URL is empty");
        assertThat(url(with("SPRING_DATASOURCE_URL", ""))).startsWith("jdbc:postgresql://db.internal");
    }

    @Test
    void what_follows_from_them_can_be_overridden() {
        ConfigurableEnvironment original = processed(with("ENVIRONMENT", "development"));
        assertThat(original.getProperty("registry.outbox.environment")).isEqualTo("development");
        assertThat(original.getProperty("registry.health.original-compatible")).isEqualTo("true");
        assertThat(original.getProperty("spring.flyway.default-schema")).isEqualTo("registration_outbox");

        Map<String, String> own = with("REGISTRY_HEALTH_ORIGINAL_COMPATIBLE", "false");
        own.put("REGISTRY_OUTBOX_ENVIRONMENT", "production");
        own.put("ENVIRONMENT", "development");
        ConfigurableEnvironment overridden = processed(own);
        assertThat(overridden.getProperty("registry.outbox.environment")).isEqualTo("production");
        assertThat(overridden.getProperty("registry.health.original-compatible"))
                .isEqualTo("false");

        ConfigurableEnvironment another = processed(Map.of("ENVIRONMENT", "development"));
        assertThat(another.getProperty("registry.outbox.environment")).isNull();
        assertThat(another.getProperty("spring.datasource.url")).isEqualTo("jdbc:h2:default");
    }

    private static Map<String, String> with(String variable, String value) {
        Map<String, String> variables = new HashMap<>(FIVE);
        variables.put(variable, value);
        return variables;
    }

    private static ConfigurableEnvironment processed(Map<String, String> variables) {
        ConfigurableEnvironment environment = environment(variables);
        new OriginalTaskDefinition().postProcessEnvironment(environment, new SpringApplication());
        return environment;
    }

    private static String url(Map<String, String> variables) {
        return new DatabaseVariables(environment(variables)).url().orElse(null);
    }

    /** USER:PASSWORD. */
    private static String login(Map<String, String> variables) {
        DatabaseLogin login = new DatabaseVariables(environment(variables)).login("sa", "");
        return login.username() + ":" + login.password();
    }

    private static String refusal(Map<String, String> variables) {
        return catchThrowableOfType(StartupRefusedException.class, () -> {
                    DatabaseVariables database = new DatabaseVariables(environment(variables));
                    database.url();
                    database.login("sa", "");
                })
                .getMessage();
    }

    /** Environment variables over the defaults of application.yaml. */
    private static ConfigurableEnvironment environment(Map<String, String> variables) {
        ConfigurableEnvironment environment = new StandardEnvironment();
        environment
                .getPropertySources()
                .forEach(source -> environment.getPropertySources().remove(source.getName()));
        environment
                .getPropertySources()
                .addLast(new SystemEnvironmentPropertySource("systemEnvironment", Map.copyOf(variables)));
        environment
                .getPropertySources()
                .addLast(new MapPropertySource(
                        "Config resource 'class path resource [application.yaml]' via location 'optional:classpath:/'",
                        Map.of("spring.datasource.url", "jdbc:h2:default", "spring.datasource.username", "sa")));
        return environment;
    }
}

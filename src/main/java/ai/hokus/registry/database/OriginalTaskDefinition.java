package ai.hokus.registry.database;

import ai.hokus.registry.EnvironmentVariables;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Makes the task definition of the original, which is the service that this one replaces, work unchanged. It is recognised by
 * {@code DB_HOST} and the like: if they make the database's URL ({@link DatabaseVariables}), these settings are made too,
 * unless somebody has set them:
 *
 * <ul>
 *   <li>{@code spring.flyway.default-schema}: a schema of this service's own, created by the first start, because the
 *       original's database already has tables.
 *   <li>{@code registry.outbox.environment}: {@code ENVIRONMENT}. Only here: elsewhere a variable of so general a name may mean
 *       anything.
 *   <li>{@code registry.health.original-compatible}: container checks and dashboards request the original's paths.
 * </ul>
 */
class OriginalTaskDefinition implements EnvironmentPostProcessor, Ordered {

    /** @throws ai.hokus.registry.StartupRefusedException if the database's variables are incomplete or contradictory */
    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        DatabaseVariables variables = new DatabaseVariables(environment);
        variables.url().ifPresent(url -> {
            Map<String, Object> settings = new HashMap<>();
            settings.put(DatabaseVariables.URL, url);
            putDefault(settings, variables, "spring.flyway.default-schema", DatabaseVariables.SCHEMA);
            putDefault(
                    settings,
                    variables,
                    "registry.outbox.environment",
                    new EnvironmentVariables(environment).read("ENVIRONMENT"));
            putDefault(settings, variables, "registry.health.original-compatible", "true");
            environment
                    .getPropertySources()
                    .addFirst(new MapPropertySource("the original's task definition", settings));
        });
    }

    private static void putDefault(
            Map<String, Object> settings, DatabaseVariables variables, String name, @Nullable String value) {
        if (value != null && variables.configured(name) == null) {
            settings.put(name, value);
        }
    }

    /** Runs after all configuration files have been read. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}

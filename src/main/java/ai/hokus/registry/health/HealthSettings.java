package ai.hokus.registry.health;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the health endpoints.
 *
 * @param originalCompatible Compatibility mode for the original's task definitions, which use {@code /health} as container
 *     check: it is always answered 200 while the process serves, and {@code /version} and {@code /metrics} exist and need no
 *     key. The price: the status code of {@code /health} does not show that the database is away ({@code /ready} still does),
 *     and everybody who reaches the service can read its metrics. On by default if the variables {@code DB_...} name the
 *     database.
 */
@ConfigurationProperties("registry.health")
record HealthSettings(@DefaultValue("false") boolean originalCompatible) {}

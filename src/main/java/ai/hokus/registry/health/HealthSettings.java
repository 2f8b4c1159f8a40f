package ai.hokus.registry.health;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the health endpoints.
 *
 * @param originalCompatible true: {@code /health} is answered 200 while the process serves, whatever it says, for task definitions
 *     that use it as container check; and {@code /version} and {@code /metrics} are there, without a key. The price: whoever goes
 *     by the status code of {@code /health} does not see that the database is away ({@code /ready} still says it), and whoever
 *     reaches the service can read its metrics. On by default where {@code DB_HOST} and the like name the database
 */
@ConfigurationProperties("registry.health")
record HealthSettings(@DefaultValue("false") boolean originalCompatible) {}

package ai.hokus.registry;

import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * The web server's port, unless {@code server.port} is set: {@code PORT}, else {@code API_PORT}, the original's variable, else
 * 8001. A blank one counts as not set, as every blank variable does; Spring Boot would serve on Tomcat's own port.
 */
class ServerPort implements EnvironmentPostProcessor, Ordered {

    @Override
    public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
        if (environment.getProperty("server.port", "").isBlank()) {
            EnvironmentVariables variables = new EnvironmentVariables(environment);
            String port = Stream.of("PORT", "API_PORT")
                    .map(variables::read)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse("8001");
            environment.getPropertySources().addFirst(new MapPropertySource("port", Map.of("server.port", port)));
        }
    }

    /** Runs after all configuration files have been read. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}

package ai.hokus.registry.database;

import java.util.Map;
import java.util.Properties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.flyway.autoconfigure.FlywayDataSource;
import org.springframework.boot.flyway.autoconfigure.FlywayProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** Makes Spring Boot run Flyway on connections of its own. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({DataSourceProperties.class, FlywayProperties.class, MigrationSettings.class})
class MigrationConfiguration {

    /** For migrations and for the pool. */
    @Bean
    DatabaseLogin databaseLogin(ConfigurableEnvironment environment, DataSourceProperties spring) {
        return new DatabaseVariables(environment).login(spring.determineUsername(), spring.determinePassword());
    }

    /** Connects to spring.flyway.url, or by default to the URL of spring.datasource. */
    @Bean(defaultCandidate = false)
    @FlywayDataSource
    MigrationDataSource migrationDataSource(
            FlywayProperties flyway,
            DataSourceProperties pool,
            DatabaseLogin login,
            MigrationSettings settings,
            Environment environment) {
        String url = StringUtils.hasText(flyway.getUrl()) ? flyway.getUrl() : pool.determineUrl();
        return new MigrationDataSource(
                url, login.with(flyway.getUser(), flyway.getPassword()), driverProperties(url, environment), settings);
    }

    /** Those that the operator has set for the pool, for example certificates, without the socket timeout; then defaults. */
    private static Properties driverProperties(String url, Environment environment) {
        Properties properties = new Properties();
        properties.putAll(Binder.get(environment)
                .bind("spring.datasource.hikari.data-source-properties", Bindable.mapOf(String.class, String.class))
                .orElseGet(Map::of));
        properties.remove("socketTimeout");
        if (url.startsWith("jdbc:postgresql:")) {
            properties.putIfAbsent("connectTimeout", "10");
            properties.putIfAbsent("tcpKeepAlive", "true");
            properties.putIfAbsent("ApplicationName", "registration-outbox migrations");
        }
        return properties;
    }
}

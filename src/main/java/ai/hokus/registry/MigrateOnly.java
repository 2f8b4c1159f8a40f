package ai.hokus.registry;

import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.ComponentScan.Filter;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.FilterType;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * {@code --registry.migrate-only}: runs the migrations and exits, for example before a roll-out. Starts no web server, no
 * relay and no pool.
 */
@Configuration(proxyBeanMethods = false)
@ComponentScan(
        basePackages = "ai.hokus.registry.database",
        excludeFilters = @Filter(type = FilterType.REGEX, pattern = ".*\\.PoolConfiguration"))
@ImportAutoConfiguration(FlywayAutoConfiguration.class)
class MigrateOnly {

    private static final Logger log = LoggerFactory.getLogger(MigrateOnly.class);
    private static final String SETTING = "registry.migrate-only";
    private static final String VARIABLE = "REGISTRY_MIGRATE_ONLY";

    /** As Spring reads them; empty: the command line has the setting's name alone. */
    private static final Set<String> YES = Set.of("", "true", "on", "yes", "1");

    private static final Set<String> NO = Set.of("false", "off", "no", "0");

    /**
     * Whether the command line, the environment ({@value #VARIABLE}) or a system property asks for it. So does a
     * value that is neither yes nor no, which {@link #run} refuses.
     */
    static boolean isRequested(String... args) {
        StandardEnvironment environment = new StandardEnvironment();
        if (System.getenv().getOrDefault(VARIABLE, "true").isBlank()) { // as if it were not set
            environment.getPropertySources().remove(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        }
        environment.getPropertySources().addFirst(new SimpleCommandLinePropertySource(args));
        ConfigurationPropertySources.attach(environment);
        return !NO.contains(value(environment));
    }

    private static String value(Environment environment) {
        String value = Binder.get(environment).bind(SETTING, String.class).orElse("false");
        return value.strip().toLowerCase(Locale.ROOT);
    }

    /** Returns when the tables are up to date; a failed migration is thrown as by {@link SpringApplication#run}. */
    static void run(String... args) {
        SpringApplication application = new SpringApplication(MigrateOnly.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.addInitializers(context -> {
            String value = value(context.getEnvironment());
            if (!YES.contains(value)) {
                throw new StartupRefusedException(
                        SETTING + " is " + value + ", which is neither true nor false.",
                        "Set it to true to run the migrations alone, or remove it to start the service.");
            }
        });
        application.run(args).close();
        log.info("The tables are up to date; with {} nothing else is started.", SETTING);
    }
}

package ai.hokus.registry.registration;

import java.time.Clock;
import java.time.ZoneOffset;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.FilterType;
import org.springframework.context.annotation.Primary;

/** This module and the one that it may call, with a clock that stands still, and nothing else of the application. */
@TestConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@ComponentScan(
        basePackages = {"ai.hokus.registry.outbox", "ai.hokus.registry.registration"},
        excludeFilters = @ComponentScan.Filter(type = FilterType.CUSTOM, classes = TypeExcludeFilter.class))
@ConfigurationPropertiesScan({"ai.hokus.registry.outbox", "ai.hokus.registry.registration"})
class RegistrationModules {

    @Bean
    @Primary
    Clock standingClock() {
        return Clock.fixed(Examples.NOON, ZoneOffset.UTC);
    }
}

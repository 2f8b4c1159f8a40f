package ai.hokus.registry;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

@SpringBootApplication
@ConfigurationPropertiesScan
public class RegistrationOutboxApplication {

    public static void main(String[] args) {
        if (MigrateOnly.isRequested(args)) {
            MigrateOnly.run(args);
        } else {
            SpringApplication.run(RegistrationOutboxApplication.class, args);
        }
    }
}

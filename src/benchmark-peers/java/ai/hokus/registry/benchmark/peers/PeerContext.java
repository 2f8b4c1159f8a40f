package ai.hokus.registry.benchmark.peers;

import java.util.function.Consumer;
import javax.sql.DataSource;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** A Spring Boot application without web server around a library that needs one. */
final class PeerContext {

    private PeerContext() {}

    /**
     * Starts it on the outbox's database.
     *
     * @param tuning settings, as on a command line
     */
    static ConfigurableApplicationContext start(
            Class<?> application, PeerOutbox outbox, Consumer<GenericApplicationContext> beans, String... tuning) {
        SpringApplicationBuilder builder = new SpringApplicationBuilder(application)
                .web(WebApplicationType.NONE)
                .bannerMode(Banner.Mode.OFF)
                .registerShutdownHook(false)
                .initializers(context -> {
                    GenericApplicationContext generic = (GenericApplicationContext) context;
                    generic.registerBean(DataSource.class, outbox::database);
                    generic.registerBean(PeerOutbox.class, () -> outbox);
                    beans.accept(generic);
                });
        String[] settings = new String[tuning.length + 4];
        settings[0] = "--namastack.outbox.enabled=true";
        settings[1] = "--spring.config.name=peer"; // not the service's
        settings[2] = "--spring.main.log-startup-info=false";
        settings[3] = "--spring.autoconfigure.exclude="; // as the build sets for the service
        System.arraycopy(tuning, 0, settings, 4, tuning.length);
        return builder.run(settings);
    }
}

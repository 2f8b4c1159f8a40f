package ai.hokus.registry.outbox;

import ai.hokus.registry.RegistrationOutboxApplication;
import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;

/** The service; with {@code -Dbenchmark.outbox=false} one that registers and appends no message. */
public final class ServiceWithoutOutbox {

    private ServiceWithoutOutbox() {}

    /** What a class path beside the service's needs. */
    public static List<Class<?>> classes() {
        return List.of(ServiceWithoutOutbox.class, Replacement.class, NoOutbox.class);
    }

    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(RegistrationOutboxApplication.class);
        if (!Boolean.parseBoolean(System.getProperty("benchmark.outbox"))) {
            application.addInitializers(context -> context.getBeanFactory().addBeanPostProcessor(new Replacement()));
        }
        application.run(arguments);
    }

    private static final class Replacement implements BeanPostProcessor {
        @Override
        public Object postProcessAfterInitialization(Object bean, String name) {
            return bean instanceof Outbox ? new NoOutbox() : bean;
        }
    }

    private static final class NoOutbox extends Outbox {

        NoOutbox() {
            super(new OutboxDatabase(null, null, null, null, Duration.ZERO), null, List.of());
        }

        @Override
        public void add(List<NewMessage> messages) {}

        @Override
        public void flush() {}
    }
}

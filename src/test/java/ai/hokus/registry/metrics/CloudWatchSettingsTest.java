package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Start-up with, without and with an unusable configuration of CloudWatch, over the application's own yaml. */
class CloudWatchSettingsTest {

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(CloudWatchSettings.class)
    @Import(CloudWatchConfiguration.class)
    static class Room {}

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withInitializer(new ConfigDataApplicationContextInitializer())
            .withUserConfiguration(Room.class);

    @Test
    void without_a_namespace_nothing_is_published() {
        application
                .withPropertyValues("CLOUDWATCH_REGION=nonsense")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(CloudWatchPublisher.class));
    }

    @Test
    void a_namespace_and_a_region_are_enough_and_no_credentials_are_needed_to_start() {
        application
                .withPropertyValues("CLOUDWATCH_NAMESPACE=Outbox/Test", "CLOUDWATCH_REGION=eu-central-1")
                .run(context -> {
                    assertThat(context).hasNotFailed().hasSingleBean(CloudWatchPublisher.class);
                    assertThat(context.getBean(CloudWatchSettings.class))
                            .isEqualTo(new CloudWatchSettings("Outbox/Test", "eu-central-1", Duration.ofMinutes(1)));
                });
    }

    @Test
    void the_region_that_ecs_sets_stands_in() {
        application
                .withPropertyValues("CLOUDWATCH_NAMESPACE=Outbox", "AWS_REGION=us-gov-west-1")
                .run(context -> assertThat(
                                context.getBean(CloudWatchSettings.class).region())
                        .isEqualTo("us-gov-west-1"));
    }

    @ParameterizedTest
    @CsvSource({
        "CLOUDWATCH_NAMESPACE, AWS/Lambda",
        "CLOUDWATCH_NAMESPACE, :Outbox",
        "CLOUDWATCH_NAMESPACE, Out box",
        "CLOUDWATCH_REGION, ''",
        "CLOUDWATCH_REGION, Frankfurt",
        "CLOUDWATCH_STEP, 0s",
        "CLOUDWATCH_STEP, 2h"
    })
    void an_unusable_value_stops_the_start_and_its_variable_is_named(String variable, String value) {
        application
                .withPropertyValues("CLOUDWATCH_NAMESPACE=Outbox", "CLOUDWATCH_REGION=us-east-1")
                .withPropertyValues(variable + "=" + value)
                .run(context -> {
                    assertThat(context).hasFailed();
                    assertThat(context.getStartupFailure()).hasStackTraceContaining(variable);
                });
    }

    @Test
    void a_step_that_is_no_duration_is_shown_with_its_variable() {
        application
                .withPropertyValues(
                        "CLOUDWATCH_NAMESPACE=Outbox", "CLOUDWATCH_REGION=us-east-1", "CLOUDWATCH_STEP=often")
                .run(context -> {
                    BindException shown = (BindException)
                            context.getStartupFailure().getCause().getCause();
                    assertThat(shown.getProperty().getValue()).isEqualTo("${CLOUDWATCH_STEP:1m}");
                });
    }
}

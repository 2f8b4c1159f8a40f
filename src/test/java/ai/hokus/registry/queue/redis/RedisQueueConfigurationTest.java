package ai.hokus.registry.queue.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.support.TestRedis;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** Start-up with, without and with an unusable Redis. */
@ExtendWith(OutputCaptureExtension.class)
class RedisQueueConfigurationTest {

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Room.class);

    @Test
    void without_redis_there_is_no_queue_and_the_service_starts() {
        application.run(context -> {
            assertThat(context).hasNotFailed().doesNotHaveBean(MessageQueue.class);
        });
    }

    @Test
    void a_redis_that_is_away_is_not_noticed_by_start_up() {
        int port = TestRedis.freePort();
        application
                .withPropertyValues("REDIS_HOST=127.0.0.1", "REDIS_PORT=" + port, "registry.queue.notifications=true")
                .run(context -> {
                    assertThat(context).hasNotFailed().hasSingleBean(MessageQueue.class);
                });
    }

    @Test
    void a_password_without_tls_is_warned_of_and_not_printed(CapturedOutput output) {
        application
                .withPropertyValues("REDIS_URL=redis://:hunter2@cache.invalid")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(output)
                            .contains("in clear text to redis://cache.invalid:6379")
                            .doesNotContain("hunter2");
                });
    }

    @Test
    void an_unusable_variable_stops_start_up_with_one_sentence(CapturedOutput output) {
        SpringApplication start = new SpringApplication(Room.class);
        start.setWebApplicationType(WebApplicationType.NONE);

        assertThatThrownBy(
                        () -> start.run("--REDIS_URL=redis://:hunter2@cache:nonsense", "--spring.main.banner-mode=off"))
                .isInstanceOf(Exception.class);

        assertThat(output)
                .contains("APPLICATION FAILED TO START")
                .contains("REDIS_URL must have a port between 1 and 65535, for example rediss://:PASSWORD@")
                .contains("Correct REDIS_URL")
                .doesNotContain("hunter2")
                .doesNotContain("\tat ");
    }

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(QueueSettings.class)
    @Import(RedisQueueConfiguration.class)
    static class Room {}
}

package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.SettableClock;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/** The machine's clock is set while the service runs: by hand, by NTP, or when a virtual machine is resumed. */
class SetClockTest {

    private final String queue = TestRedis.freshName("set-clock");
    private TestRedis redis;
    private RunningService service;
    private SettableClock clock;

    /** Not a configuration: the application would find it, and every test with it. */
    static class WallClock {

        @Bean
        @Primary
        SettableClock wallClock() {
            return new SettableClock();
        }
    }

    @BeforeEach
    void start() {
        redis = TestRedis.start();
        service = RunningService.on(
                TestDatabase.H2,
                Map.of(
                        "REDIS_URL", redis.url(),
                        "registry.queue.name", queue,
                        "registry.queue.connect-timeout", "300ms",
                        "registry.queue.command-timeout", "300ms",
                        "registry.status.interval", "100ms"),
                WallClock.class);
        clock = service.bean(SettableClock.class);
        service.register("before", "1");
        Eventually.await("delivered", () -> redis.run("LLEN", queue).equals(1L));
    }

    @AfterEach
    void stop() {
        service.close();
        redis.close();
    }

    @Test
    void a_queue_that_is_left_alone_is_tried_again_although_the_clock_was_set_back() {
        redis.kill();
        Eventually.await("left alone", () -> service.bean(Relay.class).breaker() == BreakerState.OPEN);
        clock.advance(Duration.ofHours(-4));
        redis.restart();
        service.register("after", "1");

        Eventually.await("delivered", () -> service.get("/health").body().contains("\"redis\":\"healthy\""));
    }

    @Test
    void an_instance_stays_ready_although_the_clock_was_set_ahead() {
        Eventually.await("ready", () -> service.get("/ready").statusCode() == 200);

        clock.advance(Duration.ofHours(2));

        assertThat(service.get("/ready").statusCode()).isEqualTo(200);
    }
}

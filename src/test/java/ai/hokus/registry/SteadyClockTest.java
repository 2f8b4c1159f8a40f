package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.SettableClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SteadyClockTest {

    private final SettableClock wall = new SettableClock();
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE);
    private final Instant begin = wall.instant();
    private final Clock clock = RegistrationOutboxConfiguration.steady(wall, nanos::get);

    @Test
    void it_begins_at_the_walls_time_and_goes_on_with_what_elapses() {
        assertThat(clock.instant()).isEqualTo(begin);

        nanos.addAndGet(Duration.ofSeconds(3).toNanos());

        assertThat(clock.instant()).as("also where nanoTime overflows").isEqualTo(begin.plusSeconds(3));
    }

    @Test
    void setting_the_wall_clock_moves_it_nowhere() {
        wall.advance(Duration.ofHours(-4));
        assertThat(clock.instant()).isEqualTo(begin);

        wall.advance(Duration.ofHours(8));
        assertThat(clock.instant()).isEqualTo(begin);
    }
}

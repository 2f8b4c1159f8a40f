package ai.hokus.registry.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateLimiterTest {

    private static final ApiKey ADAS = ApiKey.of("adas-key");
    private static final ApiKey GRACES = ApiKey.of("graces-key");

    private final AtomicLong now = new AtomicLong();

    @Test
    void by_default_there_is_none() {
        RateLimiter limit = limit(0, 0);
        for (int i = 0; i < 10_000; i++) {
            assertThat(limit.take(ADAS)).isZero();
        }
    }

    @Test
    void a_burst_empties_the_bucket_and_time_fills_it() {
        RateLimiter limit = limit(2, 5);

        assertThat(taken(limit, ADAS, 10)).isEqualTo(5);
        assertThat(limit.take(ADAS)).isEqualTo(Duration.ofMillis(500));
        now.addAndGet(Duration.ofMillis(500).toNanos());
        assertThat(taken(limit, ADAS, 10)).isEqualTo(1);
        now.addAndGet(Duration.ofHours(1).toNanos());
        assertThat(taken(limit, ADAS, 10)).isEqualTo(5);
    }

    @Test
    void one_key_does_not_use_up_anothers() {
        RateLimiter limit = limit(1, 0);

        assertThat(taken(limit, ADAS, 10)).isEqualTo(1);
        assertThat(taken(limit, GRACES, 10)).isEqualTo(1);
    }

    private static int taken(RateLimiter limit, ApiKey key, int times) {
        int taken = 0;
        for (int i = 0; i < times; i++) {
            taken += limit.take(key).isZero() ? 1 : 0;
        }
        return taken;
    }

    private RateLimiter limit(int perSecond, int burst) {
        return new RateLimiter(new SecuritySettings.RateLimit(perSecond, burst), new TimeMeter() {
            @Override
            public long currentTimeNanos() {
                return now.get();
            }

            @Override
            public boolean isWallClockBased() {
                return false;
            }
        });
    }
}

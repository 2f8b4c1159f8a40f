package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TakenLatencyTest {

    private static final Instant START = Instant.parse("2026-11-25T12:00:00Z");

    private final TakenLatency latency = new TakenLatency(Clock.systemUTC());

    @Test
    void nothing_is_known_at_first() {
        assertThat(latency.percentile(0.5)).isNull();
        assertThat(latency.isWaiting()).isFalse();
        assertThat(look(0, 1_000)).isNull();
        assertThat(latency.percentile(0.5)).isNull();
    }

    @Test
    void all_but_the_newest_that_are_in_the_queue_have_been_taken() {
        latency.appended(writtenAt(0, 100));
        latency.appended(writtenAt(200));

        assertThat(look(2, 1_000)).as("the second of three waits since 100 ms").isEqualTo(Duration.ofMillis(90));
        assertPercentile(0.5, 1_000);

        assertThat(look(0, 2_000)).as("nothing waits").isNull();
        assertThat(latency.isWaiting()).isFalse();
        assertPercentile(0.5, 1_800);
        assertPercentile(0.99, 1_900);
    }

    /** It may have been appended after the depth was read. */
    @Test
    void what_was_noted_while_the_queue_was_looked_at_is_not_taken_yet() {
        long noted = latency.noted();
        latency.appended(writtenAt(0));

        assertThat(latency.looked(0, noted, START.plusMillis(10))).isNotNull();

        assertThat(latency.isWaiting()).isTrue();
        assertThat(latency.percentile(0.5)).isNull();
    }

    @Test
    void a_deeper_queue_than_was_appended_takes_nothing() {
        latency.appended(writtenAt(0));

        look(50, 10);

        assertThat(latency.isWaiting()).isTrue();
    }

    @Test
    void what_was_lost_is_not_waited_for() {
        latency.appended(writtenAt(0, 1));
        long noted = latency.noted();

        latency.forget();
        latency.looked(0, noted, START.plusMillis(10));

        assertThat(latency.isWaiting()).isFalse();
        assertThat(latency.percentile(0.5)).isNull();
    }

    /** The database's clock may be ahead of this instance's. */
    @Test
    void what_was_written_later_than_it_is_looked_at_is_looked_at_again_at_once() {
        latency.appended(writtenAt(100));

        assertThat(look(1, 0)).isEqualTo(Duration.ZERO);
    }

    @Test
    void the_memory_is_bounded() {
        List<OffsetDateTime> batch = Collections.nCopies(5_000, START.atOffset(ZoneOffset.UTC));
        for (int n = 0; n < 25; n++) {
            latency.appended(batch);
        }

        assertThat(latency.noted()).isEqualTo(125_000);
        assertThat(look(TakenLatency.MAX_WAITING, 10))
                .as("all that is remembered waits")
                .isNotNull();
        assertThat(latency.percentile(0.5)).isNull();
        look(TakenLatency.MAX_WAITING - 1, 10);
        assertThat(latency.percentile(0.5)).isNotNull();
    }

    private Duration look(long depth, long millis) {
        return latency.looked(depth, latency.noted(), START.plusMillis(millis));
    }

    private void assertPercentile(double percentile, long millis) {
        assertThat(latency.percentile(percentile))
                .isBetween(Duration.ofMillis(millis * 97 / 100), Duration.ofMillis(millis * 103 / 100));
    }

    private static List<OffsetDateTime> writtenAt(long... millis) {
        return LongStream.of(millis)
                .mapToObj(ms -> START.plusMillis(ms).atOffset(ZoneOffset.UTC))
                .toList();
    }
}

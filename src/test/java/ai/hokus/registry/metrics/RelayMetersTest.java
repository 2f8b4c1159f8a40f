package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RelayMetersTest {

    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00.250Z");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RelayMeters meters = new RelayMeters(registry, Clock.fixed(NOW, ZoneOffset.UTC));

    @Test
    void an_append_counts_its_messages_and_times_itself() {
        meters.appended(0, List.of(NOW.atOffset(ZoneOffset.UTC), NOW.atOffset(ZoneOffset.UTC)), Duration.ofMillis(5));
        meters.appended(0, List.of(NOW.atOffset(ZoneOffset.UTC)), Duration.ofMillis(7));

        assertThat(registry.get("registry.relay.delivered").counter().count()).isEqualTo(3);
        assertThat(registry.get("registry.relay.batch.size").summary().count()).isEqualTo(2);
        assertThat(registry.get("registry.relay.batch.size").summary().max()).isEqualTo(2);
        assertThat(registry.get("registry.relay.append.duration").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(12);
    }

    @Test
    void latency_is_each_messages_own_and_never_negative() {
        meters.appended(
                0,
                List.of(
                        NOW.minusMillis(1_500).atOffset(ZoneOffset.ofHours(2)),
                        NOW.plusSeconds(9).atOffset(ZoneOffset.UTC)),
                Duration.ofMillis(5));

        Timer latency = registry.get("registry.relay.delivery.latency").timer();
        assertThat(latency.count()).isEqualTo(2);
        assertThat(latency.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(1_500);
        assertThat(latency.takeSnapshot().histogramCounts()).isNotEmpty();
    }

    @Test
    void an_append_of_nothing_counts_nothing() {
        meters.appended(0, List.of(), Duration.ofMillis(5));

        assertThat(registry.get("registry.relay.batch.size").summary().count()).isZero();
        assertThat(registry.get("registry.relay.append.duration").timer().count())
                .isZero();
    }

    @Test
    void failures_are_counted_by_cause() {
        meters.failed(0, "timeout");
        meters.failed(1, "timeout");
        meters.failed(0, "database");

        assertThat(failures("timeout")).isEqualTo(2);
        assertThat(failures("database")).isEqualTo(1);
        assertThat(failures("other")).isZero();
    }

    @Test
    void what_redis_lost_is_counted_as_an_event_and_in_messages() {
        meters.rewound(0, 100, 60);
        meters.rewound(0, 62, 60);
        meters.parked(0);
        meters.passEnded(0, Duration.ofSeconds(1));

        assertThat(registry.get("registry.relay.rewinds").counter().count()).isEqualTo(2);
        assertThat(registry.get("registry.relay.resent").counter().count()).isEqualTo(42);
        assertThat(registry.get("registry.relay.messages.parked").counter().count())
                .isEqualTo(1);
        assertThat(registry.get("registry.relay.pass.duration").timer().totalTime(TimeUnit.SECONDS))
                .isEqualTo(1);
    }

    private double failures(String cause) {
        return registry.get("registry.relay.failures")
                .tag("cause", cause)
                .counter()
                .count();
    }
}

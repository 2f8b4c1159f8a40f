package ai.hokus.registry.metrics;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import ai.hokus.registry.relay.RelayListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.springframework.stereotype.Component;

/**
 * Counts and times what the relay does. All meters are there from the start, with zero, so that an alarm on them has data; only
 * the queue's own causes of failure appear with the first such failure. Thread-safe.
 */
@Component
final class RelayMeters implements RelayListener {

    private final MeterRegistry registry;
    private final Clock clock;
    private final Counter delivered;
    private final DistributionSummary batchSize;
    private final Timer passDuration;
    private final Timer appendDuration;
    private final Timer deliveryLatency;
    private final Counter rewinds;
    private final Counter resent;
    private final Counter parked;

    RelayMeters(MeterRegistry registry, Clock clock) {
        this.registry = registry;
        this.clock = clock;
        this.delivered = ServiceMeter.DELIVERED.counter(registry);
        this.batchSize = ServiceMeter.BATCH_SIZE.summary(registry);
        this.passDuration = ServiceMeter.PASS_DURATION.timer(registry);
        this.appendDuration = ServiceMeter.APPEND_DURATION.timer(registry);
        this.deliveryLatency = ServiceMeter.DELIVERY_LATENCY.histogram(registry);
        this.rewinds = ServiceMeter.REWINDS.counter(registry);
        this.resent = ServiceMeter.RESENT.counter(registry);
        this.parked = ServiceMeter.NEWLY_PARKED.counter(registry);
        failuresBecauseOf(DATABASE);
        failuresBecauseOf(OTHER);
    }

    @Override
    public void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {
        if (createdAt.isEmpty()) {
            return;
        }
        delivered.increment(createdAt.size());
        batchSize.record(createdAt.size());
        appendDuration.record(took);
        Instant now = clock.instant();
        for (OffsetDateTime written : createdAt) {
            // Zero where the database's clock is ahead of this instance's.
            deliveryLatency.record(Math.max(0, ChronoUnit.NANOS.between(written.toInstant(), now)), NANOSECONDS);
        }
    }

    @Override
    public void passEnded(int partition, Duration took) {
        passDuration.record(took);
    }

    @Override
    public void failed(int partition, String cause) {
        failuresBecauseOf(cause).increment();
    }

    @Override
    public void rewound(int partition, long from, long to) {
        rewinds.increment();
        resent.increment((double) (from - to));
    }

    @Override
    public void parked(int partition) {
        parked.increment();
    }

    private Counter failuresBecauseOf(String cause) {
        return ServiceMeter.FAILURES.counter(registry, Tag.of(ServiceMeter.Spec.CAUSE, cause));
    }
}

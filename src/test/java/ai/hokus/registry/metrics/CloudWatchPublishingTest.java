package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.metrics.FakeCloudWatch.Behaviour;
import ai.hokus.registry.metrics.FakeCloudWatch.Datum;
import ai.hokus.registry.metrics.FakeCloudWatch.Put;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.micrometer.cloudwatch2.CloudWatchMeterRegistry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Tag;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.cloudwatch.model.PutMetricDataRequest;
import software.amazon.awssdk.services.cloudwatch.model.StandardUnit;

/** What arrives at CloudWatch, and what a failing CloudWatch does to the service. */
@ExtendWith(OutputCaptureExtension.class)
class CloudWatchPublishingTest {

    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

    private final FakeCloudWatch cloudWatch = new FakeCloudWatch();
    private final CloudWatchSettings settings = new CloudWatchSettings("Outbox", "us-east-1", Duration.ofMinutes(1));
    private final CloudWatchPublisher publisher =
            new CloudWatchPublisher(CloudWatchConfiguration.client(settings, AnonymousCredentialsProvider.create()));
    private final MockClock clock = new MockClock();
    private final CloudWatchMeterRegistry registry = CloudWatchConfiguration.registry(settings, clock, publisher);
    private final RelayMeters relay = new RelayMeters(registry, Clock.fixed(NOW, ZoneOffset.UTC));

    @AfterEach
    void close() {
        cloudWatch.become(Behaviour.REFUSE);
        registry.close();
        publisher.close();
        cloudWatch.close();
    }

    @Test
    void names_units_dimensions_and_values_arrive() throws InterruptedException {
        ServiceMeter.PENDING.gauge(registry, () -> 12, Tag.of("partition", "0"));
        ServiceMeter.PENDING.gauge(registry, () -> 30, Tag.of("partition", "1"));
        ServiceMeter.OLDEST_PENDING_AGE.gauge(registry, () -> 2.5, Tag.of("partition", "0"));
        relay.appended(0, Collections.nCopies(3, NOW.minusMillis(40).atOffset(ZoneOffset.UTC)), Duration.ofMillis(5));
        relay.failed(0, "timeout");
        relay.failed(1, "database");

        registry.close();

        Put put = cloudWatch.next();
        assertThat(put.namespace()).isEqualTo("Outbox");
        assertThat(put.data())
                .contains(
                        datum("registry.outbox.pending.value", Map.of("partition", "0"), 12, "None"),
                        datum("registry.outbox.pending.value", Map.of("partition", "1"), 30, "None"),
                        datum("registry.outbox.oldest.pending.age.value", Map.of("partition", "0"), 2.5, "Seconds"),
                        datum("registry.relay.delivered.count", Map.of(), 3, "Count"),
                        datum("registry.relay.failures.count", Map.of(), 2, "Count"),
                        datum("registry.relay.batch.size.avg", Map.of(), 3, "None"),
                        datum("registry.relay.append.duration.max", Map.of(), 5, "Milliseconds"),
                        datum("registry.relay.delivery.latency.sum", Map.of(), 120, "Milliseconds"),
                        datum("registry.relay.delivery.latency.avg", Map.of(), 40, "Milliseconds"),
                        datum("registry.relay.delivery.latency.count", Map.of(), 3, "Count"),
                        datum("registry.relay.messages.parked.count", Map.of(), 0, "Count"));
        assertThat(put.data())
                .as("each is paid for: once")
                .doesNotHaveDuplicates()
                .noneMatch(datum -> datum.name().contains("histogram"));
    }

    @Test
    void nothing_but_our_own_meters_arrives() throws InterruptedException {
        Counter.builder("jvm.something").register(registry).increment();
        Counter.builder("hikaricp.connections.timeout")
                .tag("pool", "registry")
                .register(registry)
                .increment();

        registry.close();

        assertThat(cloudWatch.next().data())
                .contains(datum("hikaricp.connections.timeout.count", Map.of(), 1, "Count"))
                .noneMatch(datum -> datum.name().startsWith("jvm"));
    }

    @Test
    void what_is_not_a_number_or_infinite_stays_here() throws InterruptedException {
        ServiceMeter.QUEUE_DEPTH.gauge(registry, () -> Double.NaN);
        ServiceMeter.BREAKER_STATE.gauge(registry, () -> Double.POSITIVE_INFINITY);
        ServiceMeter.REDIS_REACHABLE.gauge(registry, () -> Double.NEGATIVE_INFINITY);

        registry.close();

        assertThat(cloudWatch.next().data())
                .extracting(Datum::name)
                .contains("registry.relay.delivered.count")
                .doesNotContain(
                        "registry.queue.depth.value", "registry.breaker.state.value", "registry.redis.reachable.value");
    }

    @Test
    void refusals_are_logged_when_they_begin_and_when_they_end(CapturedOutput output) {
        ((Logger) LoggerFactory.getLogger(CloudWatchPublisher.class)).setLevel(Level.INFO);
        cloudWatch.become(Behaviour.REFUSE);
        publishOne();
        publishOne();

        assertThat(output).containsOnlyOnce("CloudWatch takes no metrics");

        cloudWatch.become(Behaviour.ACCEPT);
        publishOne();
        publishOne();

        assertThat(output).containsOnlyOnce("CloudWatch takes metrics again");
    }

    @Test
    void an_endpoint_that_hangs_is_given_up_and_holds_up_nobody() throws Exception {
        cloudWatch.become(Behaviour.HANG);
        CompletableFuture<Void> publishing = CompletableFuture.runAsync(this::publishOne);
        cloudWatch.next();

        relay.appended(0, List.of(OffsetDateTime.ofInstant(NOW, ZoneOffset.UTC)), Duration.ofMillis(5));
        ServiceMeter.PENDING.gauge(registry, () -> 1, Tag.of("partition", "7"));
        assertThat(publishing).as("while it hangs").isNotDone();

        publishing.get(CloudWatchConfiguration.CALL_TIMEOUT.plusSeconds(5).toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Micrometer publishes the last whole step at shutdown, and then what came after it: each would wait for a time-out. */
    @Test
    void a_shutdown_waits_once_for_an_endpoint_that_fails() {
        cloudWatch.become(Behaviour.REFUSE);
        publishOne();
        assertThat(cloudWatch.rest()).hasSize(1);

        registry.close();
        publishOne();

        assertThat(cloudWatch.rest()).hasSize(1);
    }

    private void publishOne() {
        publisher
                .putMetricData(PutMetricDataRequest.builder()
                        .namespace("Outbox")
                        .metricData(MetricDatum.builder()
                                .metricName("registry.relay.delivered.count")
                                .value(1.0)
                                .unit(StandardUnit.COUNT)
                                .timestamp(NOW)
                                .build())
                        .build())
                .join();
    }

    private Datum datum(String name, Map<String, String> dimensions, double value, String unit) {
        return new Datum(name, dimensions, value, unit, clock.wallTime() / 1000.0);
    }
}

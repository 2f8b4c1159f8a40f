package ai.hokus.registry.metrics;

import static io.micrometer.core.instrument.Meter.Type.COUNTER;
import static io.micrometer.core.instrument.Meter.Type.DISTRIBUTION_SUMMARY;
import static io.micrometer.core.instrument.Meter.Type.GAUGE;
import static io.micrometer.core.instrument.Meter.Type.TIMER;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Every meter that operators rely on: its name, kind, unit, tags and meaning. CloudWatch gets these and no others.
 *
 * <p>Three groups are registered elsewhere, under the names given here: {@code registry.registration*} by the package
 * registration and {@code registry.auth.service.*} by security, which may not call this one, {@code hikaricp.*} by Spring Boot.
 */
enum ServiceMeter {
    PENDING(
            new Spec(GAUGE, "registry.outbox.pending", "messages", Spec.PARTITION),
            "Messages that are committed and not known to be in the queue; an estimate beyond 100,000."),
    OLDEST_PENDING_AGE(
            new Spec(GAUGE, "registry.outbox.oldest.pending.age", "seconds", Spec.PARTITION),
            "Age of the oldest pending message; 0 if none is pending."),
    STALLED(
            new Spec(GAUGE, "registry.outbox.stalled", null, Spec.PARTITION),
            "1 if the oldest pending message has waited for more than a minute and no instance delivered any in that minute,"
                    + " although no operator, no failure of Redis and no full queue prevents it; 0 otherwise."),
    PARKED(
            new Spec(GAUGE, "registry.outbox.parked", "messages", Spec.PARTITION),
            "Parked messages: Redis refused each of them while it took others, and they wait for an operator."),
    PARTITION_STATE(
            new Spec(GAUGE, "registry.partition.state", null, Spec.PARTITION),
            "0: running. 1: paused by an operator. 2: stopped, because another copy of the database delivers to the same queue;"
                    + " an operator must decide."),
    LAST_PASS_AGE(
            new Spec(GAUGE, "registry.relay.last.pass.age", "seconds", Spec.PARTITION),
            "Time since the last successful pass of this instance's relay, or since the start if there was none. A pass that finds"
                    + " nothing to do, or another instance at work, counts. No value while Redis takes nothing or the database does not answer."),
    QUEUE_DEPTH(
            new Spec(GAUGE, "registry.queue.depth", "elements"),
            "Elements in the queue when this instance last looked."),
    QUEUE_CAPACITY(
            new Spec(GAUGE, "registry.queue.capacity", "elements"),
            "Number of elements at which the relay stops; further messages wait in the database."),
    PROCESSING_DEPTH(
            new Spec(GAUGE, "registry.consumer.processing.depth", "elements"),
            "Elements that consumers have taken and not finished."),
    PROCESSING_OLDEST_AGE(
            new Spec(GAUGE, "registry.consumer.processing.oldest.age", "seconds"),
            "Time since this instance first saw the oldest element that a consumer has taken and not finished; 0 if there is"
                    + " none."),
    DLQ_DEPTH(new Spec(GAUGE, "registry.consumer.dlq.depth", "elements"), "Elements that consumers have given up."),
    TAKEN_P50(
            new Spec(GAUGE, "registry.consumer.taken.latency.p50", "seconds"),
            "Time from a message's insert until a consumer had taken it: median over the messages that this instance appended"
                    + " and saw taken in the last five minutes."),
    TAKEN_P99(new Spec(GAUGE, "registry.consumer.taken.latency.p99", "seconds"), "As p50, but the 99th percentile."),
    BREAKER_STATE(
            new Spec(GAUGE, "registry.breaker.state", null),
            "0: closed. 1: half-open, one pass tries. 2: open, the relay leaves Redis alone for a while."),
    REDIS_REACHABLE(
            new Spec(GAUGE, "registry.redis.reachable", null),
            "1 if Redis takes what this instance's relay sends, 0 if it does not answer, or refuses."),
    DATABASE_REACHABLE(
            new Spec(GAUGE, "registry.database.reachable", null),
            "1 if the database answers this instance, 0 if it does not."),
    DATABASE_WRITABLE(
            new Spec(GAUGE, "registry.database.writable", null),
            "1 if the database takes this instance's writes; 0 if it is read-only or away, or registrations fail."),
    SAMPLE_AGE(
            new Spec(GAUGE, "registry.status.sample.age", "seconds"),
            "Time since this instance last read the outbox's state, or since its start if it never did. No value while the database"
                    + " does not answer."),

    REGISTRATIONS_ACCEPTED(
            new Spec(COUNTER, "registry.registrations.accepted", "registrations"),
            "New registrations that were stored and answered with 200."),
    REGISTRATION_DURATION(
            new Spec(TIMER, "registry.registration.duration", null),
            "Time to store a registration, successful or not: the wait for its turn, the transaction and, on H2, the sync."),

    DELIVERED(
            new Spec(COUNTER, "registry.relay.delivered", "messages"),
            "Messages that this instance put into the queue."),
    FAILURES(
            new Spec(COUNTER, "registry.relay.failures", "passes", Spec.CAUSE),
            "Passes that failed, by cause: the queue's, database, other."),
    BATCH_SIZE(new Spec(DISTRIBUTION_SUMMARY, "registry.relay.batch.size", "messages"), "Messages of one append."),
    PASS_DURATION(
            new Spec(TIMER, "registry.relay.pass.duration", null),
            "Duration of a pass that had the relay lock, from its first look at the queue until it gave the lock back."),
    APPEND_DURATION(
            new Spec(TIMER, "registry.relay.append.duration", null),
            "Duration of one append, until Redis had answered."),
    DELIVERY_LATENCY(
            new Spec(TIMER, "registry.relay.delivery.latency", null),
            "Time from a message's insert (by the database's clock) to its append (by this instance's clock)."),
    REWINDS(
            new Spec(COUNTER, "registry.relay.rewinds", "rewinds"),
            "Number of times that the relay found messages lost by Redis."),
    RESENT(
            new Spec(COUNTER, "registry.relay.resent", "messages"),
            "Messages that were sent again because Redis lost them."),
    NEWLY_PARKED(
            new Spec(COUNTER, "registry.relay.messages.parked", "messages"),
            "Messages that this instance parked, because Redis refused each of them while it took others."),

    AUTH_SERVICE_DURATION(
            new Spec(TIMER, "registry.auth.service.duration", null),
            "Duration of one question to the auth service, until its answer, a failure or the timeout."),
    AUTH_SERVICE_FAILING(
            new Spec(GAUGE, "registry.auth.service.failing", null),
            "1 if this instance's last questions to the auth service, three or more in a row, gave no verdict; 0 otherwise."),
    AUTH_SERVICE_FAILURES(
            new Spec(COUNTER, "registry.auth.service.failures", "questions", Spec.CAUSE),
            "Questions to the auth service that gave no verdict, by cause. Meters of the auth service exist only"
                    + " where one is configured."),
    AUTH_SERVICE_STALE(
            new Spec(COUNTER, "registry.auth.service.stale", "requests"),
            "Requests whose key was accepted on an answer older than the cache's TTL."),
    AUTH_SERVICE_UNVERIFIED(
            new Spec(COUNTER, "registry.auth.service.unverified", "requests"),
            "Requests answered with 503 or 429 because the auth service gave no verdict on their key."),

    POOL_ACTIVE(new Spec(GAUGE, "hikaricp.connections.active", null, Spec.POOL), "Database connections in use."),
    POOL_PENDING(
            new Spec(GAUGE, "hikaricp.connections.pending", null, Spec.POOL), "Threads that wait for a connection."),
    POOL_TIMEOUT(
            new Spec(COUNTER, "hikaricp.connections.timeout", null, Spec.POOL),
            "Threads that waited for a connection in vain.");

    /** Fixed buckets: recording a value finds its bucket and adds one, which is affordable at 30,000 messages a second. */
    private static final long[] LATENCY_BUCKETS_MS = {
        10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000
    };

    @SuppressWarnings("ImmutableEnumChecker") // it cannot see that Spec, of strings and an enum, is immutable
    private final Spec spec;

    private final String description;

    /** {@code unit} null: a bare number, or time, whose unit each monitoring system chooses; {@code tag} null: it has none. */
    record Spec(
            Meter.Type type,
            String name,
            @Nullable String unit,
            @Nullable String tag) {

        static final String PARTITION = "partition";
        static final String CAUSE = "cause";
        static final String POOL = "pool";

        private Spec(Meter.Type type, String name, @Nullable String unit) {
            this(type, name, unit, null);
        }
    }

    ServiceMeter(Spec spec, String description) {
        this.spec = spec;
        this.description = description;
    }

    Spec spec() {
        return spec;
    }

    String description() {
        return description;
    }

    static Optional<ServiceMeter> named(String name) {
        return Arrays.stream(values())
                .filter(meter -> meter.spec.name().equals(name))
                .findFirst();
    }

    void gauge(MeterRegistry registry, Supplier<@Nullable Number> value, Tag... tags) {
        Gauge.builder(spec.name(), value)
                .baseUnit(spec.unit())
                .description(description)
                .tags(List.of(tags))
                .register(registry);
    }

    Counter counter(MeterRegistry registry, Tag... tags) {
        return Counter.builder(spec.name())
                .baseUnit(spec.unit())
                .description(description)
                .tags(List.of(tags))
                .register(registry);
    }

    Timer timer(MeterRegistry registry) {
        return Timer.builder(spec.name()).description(description).register(registry);
    }

    /** A timer, with a histogram where the monitoring system supports one. */
    Timer histogram(MeterRegistry registry) {
        return Timer.builder(spec.name())
                .description(description)
                .serviceLevelObjectives(LongStream.of(LATENCY_BUCKETS_MS)
                        .mapToObj(Duration::ofMillis)
                        .toArray(Duration[]::new))
                .register(registry);
    }

    DistributionSummary summary(MeterRegistry registry) {
        return DistributionSummary.builder(spec.name())
                .baseUnit(spec.unit())
                .description(description)
                .register(registry);
    }
}

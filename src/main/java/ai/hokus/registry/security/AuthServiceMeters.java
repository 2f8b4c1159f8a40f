package ai.hokus.registry.security;

import ai.hokus.registry.security.AuthServiceWatch.Trouble;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

/**
 * Counts and times questions to the auth service, and what requests notice of it. {@code docs/metrics.md} explains the meters;
 * the package metrics, which this one does not know, lists them, and a test there fails when the two differ. Thread-safe.
 */
final class AuthServiceMeters {

    private final Timer duration;
    private final MeterProvider<Counter> failures;
    private final Counter stale;
    private final Counter unverified;

    AuthServiceMeters(MeterRegistry registry) {
        this.duration = Timer.builder("registry.auth.service.duration")
                .description("One question to the auth service, until its answer, a failure or the timeout.")
                .register(registry);
        this.failures = Counter.builder("registry.auth.service.failures")
                .baseUnit("questions")
                .description(
                        "Questions to the auth service that gave no verdict, by cause. These four are there only where an"
                                + " auth service is configured.")
                .withRegistry(registry);
        // From the start, with 0: alarms watch them.
        Arrays.stream(Trouble.values()).forEach(this::failures);
        this.stale = Counter.builder("registry.auth.service.stale")
                .baseUnit("requests")
                .description("Requests whose key was accepted on an answer older than the cache's TTL.")
                .register(registry);
        this.unverified = Counter.builder("registry.auth.service.unverified")
                .baseUnit("requests")
                .description("Requests answered with 503 or 429 because the auth service gave no verdict on their key.")
                .register(registry);
    }

    void asked(Duration took) {
        duration.record(took);
    }

    void failed(Trouble trouble) {
        failures(trouble).increment();
    }

    private Counter failures(Trouble trouble) {
        return failures.withTags("cause", trouble.name().toLowerCase(Locale.ROOT));
    }

    void stale() {
        stale.increment();
    }

    void unverified() {
        unverified.increment();
    }
}

package ai.hokus.registry.security;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * Counts and times questions to the auth service, and what requests notice of it. {@code docs/metrics.md} explains the meters;
 * the package metrics, which this one does not know, lists them, and a test there fails when the two differ. Thread-safe.
 */
final class AuthServiceMeters {

    private final Timer duration;
    private final Map<AuthServiceTrouble, Counter> failures = new EnumMap<>(AuthServiceTrouble.class);
    private final Counter stale;
    private final Counter unverified;

    AuthServiceMeters(MeterRegistry registry) {
        this.duration = Timer.builder("registry.auth.service.duration")
                .description("One question to the auth service, until its answer, a failure or the timeout.")
                .register(registry);
        for (AuthServiceTrouble trouble : AuthServiceTrouble.values()) {
            failures.put(
                    trouble,
                    Counter.builder("registry.auth.service.failures")
                            .tag("cause", trouble.cause())
                            .baseUnit("questions")
                            .description(
                                    "Questions to the auth service that gave no verdict, by cause. These four are there only"
                                            + " where an auth service is configured.")
                            .register(registry));
        }
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

    void failed(AuthServiceTrouble trouble) {
        Counter counter = failures.get(trouble);
        if (counter != null) {
            counter.increment();
        }
    }

    void stale() {
        stale.increment();
    }

    void unverified() {
        unverified.increment();
    }
}

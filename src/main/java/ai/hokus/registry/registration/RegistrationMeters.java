package ai.hokus.registry.registration;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;

/**
 * Counts and times registrations. {@code docs/metrics.md} explains the meters; the module metrics, which this one does not
 * know, lists them, and a test there fails when the two differ. Thread-safe.
 */
@Component
final class RegistrationMeters {

    private final Counter accepted;
    private final Timer duration;

    RegistrationMeters(MeterRegistry registry) {
        this.accepted = Counter.builder("registry.registrations.accepted")
                .baseUnit("registrations")
                .description("New registrations that were stored and answered with 200.")
                .register(registry);
        this.duration = Timer.builder("registry.registration.duration")
                .description(
                        "Storing a registration: the wait for its turn, the transaction and, on H2, the sync; whatever came of it.")
                .register(registry);
    }

    /** Runs it; what it throws is timed too. */
    RegistrationResult measure(Supplier<RegistrationResult> registration) {
        RegistrationResult result = duration.wrap(registration).get();
        if (result == RegistrationResult.REGISTERED) {
            accepted.increment();
        }
        return result;
    }
}

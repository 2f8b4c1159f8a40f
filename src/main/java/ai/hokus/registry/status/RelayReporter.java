package ai.hokus.registry.status;

import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/** Writes what this instance's relays know into {@code outbox_relay}, which {@code outbox_status} shows. Thread-safe. */
@Component
class RelayReporter {

    private final StatusRepository repository;
    private final Relay relay;
    private final Duration interval;
    private final Clock steady;

    private final Map<Integer, RelayState> reported = new HashMap<>();
    private Instant nextReportAt = Instant.MIN;

    RelayReporter(
            StatusRepository repository, Relay relay, StatusSettings settings, @Qualifier("steadyClock") Clock steady) {
        this.repository = repository;
        this.relay = relay;
        this.interval = settings.reportInterval();
        this.steady = steady;
    }

    /** Writes what has changed, and everything when it is due. */
    synchronized void report() {
        boolean due = !steady.instant().isBefore(nextReportAt);
        for (RelayStatus status : relay.statuses()) {
            if (due || reported.get(status.partition()) != status.state()) {
                repository.report(relay.breaker(), status);
                reported.put(status.partition(), status.state());
            }
        }
        if (due) {
            nextReportAt = steady.instant().plus(interval);
            repository.forgetOldReports();
        }
    }
}

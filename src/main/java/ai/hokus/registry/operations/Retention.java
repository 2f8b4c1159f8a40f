package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.OutboxPurge;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayStatus;
import java.util.List;
import net.javacrumbs.shedlock.spring.annotation.SchedulerLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Deletes delivered messages when their time is over; one instance at a time. Of each partition only where this instance's
 * relay knows that the queue still has what it was given: while the queue is away it may be about to come back with less, and
 * what it lacks then must still be here.
 */
@Component
class Retention {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    private final OutboxPurge outbox;
    private final Relay relay;
    private final RetentionSettings settings;

    Retention(OutboxPurge outbox, Relay relay, RetentionSettings settings) {
        this.outbox = outbox;
        this.relay = relay;
        this.settings = settings;
    }

    /** A failure is logged by the scheduler and does not end the schedule; the next run goes on where this one stopped. */
    @Scheduled(
            fixedDelayString = "${registry.retention.every:1m}",
            initialDelayString = "${registry.retention.every:1m}")
    @SchedulerLock(name = "retention", lockAtMostFor = "5m")
    public void purge() {
        List<Integer> known = relay.statuses().stream()
                .filter(status -> status.state().knowsQueue())
                .map(RelayStatus::partition)
                .toList();
        long deleted = outbox.purge(known, settings.keep(), settings.batch(), settings.longestRun());
        if (deleted > 0) {
            log.debug("Deleted {} messages that were delivered more than {} ago.", deleted, settings.keep());
        }
    }
}

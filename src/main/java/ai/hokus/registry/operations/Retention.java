package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.OutboxPurge;
import net.javacrumbs.shedlock.spring.annotation.SchedulerLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Deletes delivered messages when their time is over; one instance at a time. */
@Component
class Retention {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    private final OutboxPurge outbox;
    private final RetentionSettings settings;

    Retention(OutboxPurge outbox, RetentionSettings settings) {
        this.outbox = outbox;
        this.settings = settings;
    }

    /** A failure is logged by the scheduler and does not end the schedule; the next run goes on where this one stopped. */
    @Scheduled(
            fixedDelayString = "${registry.retention.every:1m}",
            initialDelayString = "${registry.retention.every:1m}")
    @SchedulerLock(name = "retention", lockAtMostFor = "5m")
    public void purge() {
        long deleted = outbox.purge(settings.keep(), settings.batch(), settings.longestRun());
        if (deleted > 0) {
            log.debug("Deleted {} messages that were delivered more than {} ago.", deleted, settings.keep());
        }
    }
}

package ai.hokus.registry.outbox;

import ai.hokus.registry.InstanceName;
import java.time.Duration;
import java.util.List;
import net.javacrumbs.shedlock.spring.annotation.SchedulerLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Purges and scrubs the partitions that the {@link PurgeGuard} allows, on one instance at a time. */
@Component
public class Retention {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);

    /** With the longest purge (4 min) and a last transaction of each (19 s each), this stays inside the 5 minutes of the lock. */
    private static final Duration MAX_SCRUB_DURATION = Duration.ofSeconds(10);

    private final OutboxPurge purge;
    private final OutboxScrub scrub;
    private final ObjectProvider<PurgeGuard> guard;
    private final RetentionSettings settings;
    private final InstanceName instance;

    Retention(
            OutboxPurge purge,
            OutboxScrub scrub,
            ObjectProvider<PurgeGuard> guard,
            RetentionSettings settings,
            InstanceName instance) {
        this.purge = purge;
        this.scrub = scrub;
        this.guard = guard;
        this.settings = settings;
        this.instance = instance;
    }

    /** A failure is logged by the scheduler and does not end the schedule; the next run goes on where this one stopped. */
    @Scheduled(
            fixedDelayString = "${registry.retention.interval:1m}",
            initialDelayString = "${registry.retention.interval:1m}")
    @SchedulerLock(name = "retention", lockAtMostFor = "5m")
    public void run() {
        List<Integer> partitions = guard.stream()
                .flatMap(allowed -> allowed.purgeablePartitions().stream())
                .distinct()
                .toList();
        long deleted = purge.purge(partitions, settings.period(), settings.maxMessages(), settings.maxRunDuration());
        scrub.scrub(partitions, instance.value(), MAX_SCRUB_DURATION);
        if (deleted > 0) {
            log.debug("Deleted {} messages that were delivered more than {} ago.", deleted, settings.period());
        }
    }
}

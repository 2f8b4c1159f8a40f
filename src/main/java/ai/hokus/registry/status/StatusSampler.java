package ai.hokus.registry.status;

import ai.hokus.registry.SqlFailure;
import ai.hokus.registry.ThrottledLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Component;

/**
 * Fills the status cache, on every instance: probes the database every interval, and samples the outbox on another thread, so
 * that however long counting takes, the database's state is known. Can be stopped and started again.
 *
 * <p>What it costs the database, for each instance:
 *
 * <ul>
 *   <li>every interval (2 s) the probe: one update by primary key, one commit;
 *   <li>every interval, or ten times as long as the last sample took where that is more, so a tenth of one connection at most
 *       (more if samples fail): the view {@code outbox_status}, which reads, for each partition, at most 100,001 ids that are
 *       in no batch, 10,000 ids that may be late, and a few rows by their keys; the newest 5,000 rewinds; and on PostgreSQL the
 *       newest row of each log. Each statement ends after 5 s;
 *   <li>every {@code registry.status.report-interval} (10 s), and at each change of a state: one update by primary key for each
 *       partition that this instance relays.
 * </ul>
 */
@Component
class StatusSampler implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(StatusSampler.class);

    private final ThrottledLog unread = new ThrottledLog(log);

    /** The pause after a sample, in multiples of its duration: a sample of 100 ms may be taken about every second. */
    private static final int PAUSE_FOR_SAMPLE = 10;

    /** So that the outbox is read soon after an outage, in which a sample fails after 2 to 5 s. */
    private static final Duration MAX_PAUSE_AFTER_FAILURE = Duration.ofSeconds(10);

    /** How long a service that stops waits for its last report, which fails without a database. */
    private static final Duration LAST_REPORT_TIMEOUT = Duration.ofSeconds(2);

    private final StatusRepository repository;
    private final StatusCache cache;
    private final DatabaseProbe probe;
    private final StallWatch stalls;
    private final SettlingWatch settling;
    private final RelayReporter reporter;
    private final StatusSettings settings;

    private @Nullable ThreadPoolTaskScheduler executor;

    /** Between the last sample and the next. */
    private volatile Duration pause = Duration.ZERO;

    StatusSampler(
            StatusRepository repository,
            StatusCache cache,
            DatabaseProbe probe,
            StallWatch stalls,
            SettlingWatch settling,
            RelayReporter reporter,
            StatusSettings settings) {
        this.repository = repository;
        this.cache = cache;
        this.probe = probe;
        this.stalls = stalls;
        this.settling = settling;
        this.reporter = reporter;
        this.settings = settings;
    }

    @Override
    public synchronized void start() {
        ThreadPoolTaskScheduler threads = new ThreadPoolTaskScheduler();
        threads.setPoolSize(2);
        threads.setThreadNamePrefix("status-");
        threads.setDaemon(true);
        threads.setErrorHandler(
                e -> log.error("Unexpected failure of a status probe or sample; the next one follows", e));
        threads.initialize();
        pause = Duration.ZERO;
        cache.expectSample(settings.interval().plus(StatusSettings.SAMPLE_TIMEOUT));
        var unusedProbes = threads.scheduleWithFixedDelay(probe::probe, settings.interval());
        var unusedSamples = threads.schedule(
                this::sample, last -> threads.getClock().instant().plus(pause));
        executor = threads;
    }

    /** One sample. If it fails, the last one stays until it is stale; the probe says whether the database is well. */
    private void sample() {
        long start = System.nanoTime();
        pause = settings.interval();
        try {
            List<PartitionStatus> partitions = repository.read();
            int rewinds = repository.rewindsInLastHour();
            String unsettled = settling.look();
            pause = pauseAfter(start);
            cache.sampled(
                    partitions, stalls.look(partitions), rewinds, unsettled, pause.plus(StatusSettings.SAMPLE_TIMEOUT));
        } catch (RuntimeException e) {
            Duration after = pauseAfter(start);
            pause = after.compareTo(MAX_PAUSE_AFTER_FAILURE) < 0 ? after : MAX_PAUSE_AFTER_FAILURE;
            ServiceStatus status = cache.current();
            if (status.overdue() && status.databaseUsable()) {
                unread.warn(() -> "The outbox's state cannot be read: " + SqlFailure.describe(e) + ".");
            }
        }
        try {
            reporter.report();
        } catch (RuntimeException e) {
            log.debug("The relays' state could not be reported", e);
        }
    }

    private Duration pauseAfter(long start) {
        Duration tenfold = Duration.ofNanos(System.nanoTime() - start).multipliedBy(PAUSE_FOR_SAMPLE);
        return tenfold.compareTo(settings.interval()) > 0 ? tenfold : settings.interval();
    }

    /** The relays have stopped by now, so this is the last report. */
    @Override
    public synchronized void stop() {
        ThreadPoolTaskScheduler threads = executor;
        executor = null;
        if (threads == null) {
            return;
        }
        Future<?> lastReport = threads.getScheduledExecutor().submit(reporter::report);
        try {
            lastReport.get(LAST_REPORT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.debug("The relays' last state could not be reported", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            threads.shutdown();
        }
    }

    @Override
    public synchronized boolean isRunning() {
        return executor != null;
    }

    /** Before the web server serves, and after the relays have stopped. */
    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE - 8192;
    }
}

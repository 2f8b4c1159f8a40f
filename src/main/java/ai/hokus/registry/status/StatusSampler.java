package ai.hokus.registry.status;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Fills the status cache, on every instance: probes the database every interval, and samples the outbox on another thread, so
 * that however long counting takes, the database's state is known. Can be stopped and started again.
 *
 * <p>What it costs the database, for each instance:
 *
 * <ul>
 *   <li>every interval (2 s) the probe: one update by primary key, one commit;
 *   <li>every interval, or ten times as long as the last sample took where that is more, so a tenth of one connection at most:
 *       the view {@code outbox_status}, which reads, for each partition, at most 100,001 ids that are in no batch, 10,000 ids that
 *       may be late, and a few rows by their keys; the newest 100 rewinds; and on PostgreSQL the newest row of each log. Each
 *       statement ends after 5 s;
 *   <li>every {@code registry.status.report-interval} (10 s), and at each change of a state: one update by primary key for each
 *       partition that this instance relays.
 * </ul>
 */
class StatusSampler implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(StatusSampler.class);

    /** A sample of 100 ms may be taken every second. */
    private static final int PAUSE_FOR_SAMPLE = 10;

    /** The last report of a service that stops; without a database nobody waits for it any longer. */
    private static final Duration LAST_REPORT_TIMEOUT = Duration.ofSeconds(2);

    private final StatusRepository outbox;
    private final StatusCache cache;
    private final DatabaseProbe probe;
    private final StallWatch stalls;
    private final SettlingWatch settling;
    private final RelayReporter reporter;
    private final StatusSettings settings;

    private @Nullable ScheduledExecutorService executor;

    StatusSampler(
            StatusRepository outbox,
            StatusCache cache,
            DatabaseProbe probe,
            StallWatch stalls,
            SettlingWatch settling,
            RelayReporter reporter,
            StatusSettings settings) {
        this.outbox = outbox;
        this.cache = cache;
        this.probe = probe;
        this.stalls = stalls;
        this.settling = settling;
        this.reporter = reporter;
        this.settings = settings;
    }

    @Override
    public synchronized void start() {
        AtomicInteger number = new AtomicInteger();
        ScheduledExecutorService threads = Executors.newScheduledThreadPool(2, task -> {
            Thread thread = new Thread(task, "status-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        var unused = threads.scheduleWithFixedDelay(
                this::probeSafely, 0, settings.interval().toNanos(), TimeUnit.NANOSECONDS);
        threads.execute(() -> sampleAgainAndAgain(threads));
        executor = threads;
    }

    private void probeSafely() {
        try {
            probe.probe();
        } catch (Throwable e) {
            log.error("Unexpected failure of the database's probe; the next one comes in {}", settings.interval(), e);
        }
    }

    private void sampleAgainAndAgain(ScheduledExecutorService threads) {
        Duration pause = settings.interval();
        try {
            pause = sample();
        } catch (Throwable e) {
            log.error("Unexpected failure of the outbox's sample; the next one comes in {}", pause, e);
        }
        if (!threads.isShutdown()) {
            var unused = threads.schedule(() -> sampleAgainAndAgain(threads), pause.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /**
     * One sample. Where it fails, the last one stays until it is stale; the probe says whether the database is well.
     *
     * @return the pause until the next
     */
    Duration sample() {
        long start = System.nanoTime();
        try {
            List<PartitionStatus> partitions = outbox.read();
            int rewinds = outbox.rewindsInLastHour();
            String unsettled = settling.look();
            Duration pause = pauseAfter(start);
            cache.sampled(
                    partitions, stalls.look(partitions), rewinds, unsettled, pause.plus(StatusSettings.SAMPLE_TIMEOUT));
            reporter.report();
        } catch (RuntimeException e) {
            log.debug("The outbox could not be sampled", e);
        }
        return pauseAfter(start);
    }

    private Duration pauseAfter(long start) {
        Duration pause = Duration.ofNanos(System.nanoTime() - start).multipliedBy(PAUSE_FOR_SAMPLE);
        return pause.compareTo(settings.interval()) > 0 ? pause : settings.interval();
    }

    /** The relays have stopped by now: that is the last that is reported. */
    @Override
    public synchronized void stop() {
        ScheduledExecutorService threads = executor;
        executor = null;
        if (threads == null) {
            return;
        }
        Future<?> lastReport = threads.submit(reporter::report);
        try {
            lastReport.get(LAST_REPORT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.debug("The relays' last state could not be reported", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            threads.shutdownNow();
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

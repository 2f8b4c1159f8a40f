package ai.hokus.registry.operations;

import static org.springframework.core.NestedExceptionUtils.getMostSpecificCause;

import ai.hokus.registry.outbox.OutboxStatus;
import ai.hokus.registry.outbox.RelayReport;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Fills the status board, on every instance, on a thread of its own: the database's part from {@code outbox_status}. Also
 * writes what this instance's relays know to where {@code outbox_status} shows it. Confined to its thread.
 *
 * <p>It takes its connection from the pool that registrations take theirs from, so that it finds what they find.
 */
class StatusSampler implements SmartLifecycle, Runnable {

    private static final Logger log = LoggerFactory.getLogger(StatusSampler.class);

    /** One failure can be a busy moment; two in a row are a finding. */
    private static final int FAILURES_TO_BE_UNREACHABLE = 2;

    private static final Duration FORGET_INSTANCES_AFTER = Duration.ofDays(1);

    private final OutboxStatus outbox;
    private final Relay relay;
    private final StatusBoard board;
    private final StatusSettings settings;
    private final String instance;
    private final Clock clock;
    private final Clock steady;

    private final CountDownLatch stopping = new CountDownLatch(1);
    private @Nullable Thread thread;
    private int failures;
    private final Map<Integer, RelayState> reported = new HashMap<>();
    private Instant nextReportAt = Instant.MIN;

    StatusSampler(
            OutboxStatus outbox,
            Relay relay,
            StatusBoard board,
            StatusSettings settings,
            String instance,
            Clock clock,
            Clock steady) {
        this.outbox = outbox;
        this.relay = relay;
        this.board = board;
        this.settings = settings;
        this.instance = instance;
        this.clock = clock;
        this.steady = steady;
    }

    @Override
    public void run() {
        try {
            Duration pause = Duration.ZERO;
            while (!stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                long start = System.nanoTime();
                sample();
                Duration tenfold = Duration.ofNanos((System.nanoTime() - start) * 10);
                // A database that does not answer is asked again soon: whether it is back matters more than the cost.
                pause = failures == 0 && tenfold.compareTo(settings.interval()) > 0 ? tenfold : settings.interval();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One sample; whatever goes wrong is a finding, and the next sample comes. */
    void sample() {
        try {
            board.sampled(outbox.read());
            if (failures >= FAILURES_TO_BE_UNREACHABLE) {
                log.info("The database answers again; registrations are accepted.");
            }
            failures = 0;
            report();
        } catch (RuntimeException e) {
            failures++;
            if (failures >= FAILURES_TO_BE_UNREACHABLE) {
                board.unreachable(getMostSpecificCause(e).toString());
            }
            if (failures == FAILURES_TO_BE_UNREACHABLE) {
                log.error(
                        "The database does not answer ({}). Registrations are refused with 503 until it does; what was"
                                + " accepted is in it.",
                        getMostSpecificCause(e).toString());
            }
        }
    }

    private void report() {
        boolean due = !steady.instant().isBefore(nextReportAt);
        for (RelayStatus status : relay.statuses()) {
            if (due || reported.get(status.partition()) != status.state()) {
                outbox.report(new RelayReport(
                        status.partition(),
                        instance,
                        PartitionView.word(status.state()),
                        PartitionView.word(relay.breaker()),
                        utc(status.lastPassAt()),
                        status.lastError(),
                        utc(status.lastErrorAt()),
                        status.queueDepth() < 0 ? null : status.queueDepth()));
                reported.put(status.partition(), status.state());
            }
        }
        if (due) {
            nextReportAt = steady.instant().plus(settings.reportEvery());
            outbox.forgetReportsBefore(OffsetDateTime.now(clock).minus(FORGET_INSTANCES_AFTER));
        }
    }

    private static @Nullable OffsetDateTime utc(@Nullable Instant instant) {
        return instant == null ? null : instant.atOffset(ZoneOffset.UTC);
    }

    @Override
    public synchronized void start() {
        thread = new Thread(this, "status-sampler");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void stop() {
        stopping.countDown();
    }

    @Override
    public synchronized boolean isRunning() {
        return thread != null && thread.isAlive() && stopping.getCount() > 0;
    }

    /** Before the web server serves: the first answer to a health check knows something. */
    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE - 8192;
    }
}

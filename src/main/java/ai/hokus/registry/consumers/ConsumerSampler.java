package ai.hokus.registry.consumers;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.SettingRange;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.relay.RelayListener;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.SmartLifecycle;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Component;

/**
 * Fills the cache: looks at the lists every interval and, while messages wait to be taken, at the queue's depth up to ten times
 * a second. After a rewind it logs and records how many of the messages that are sent again consumers had already done. All of
 * this runs on one thread of its own. Can be stopped and started again.
 *
 * <p>Called by the relay as its listener, it only notes in memory what happened, and returns.
 */
@Component
class ConsumerSampler implements SmartLifecycle, RelayListener {

    private static final Logger log = LoggerFactory.getLogger(ConsumerSampler.class);

    /** Minimum pause between two looks at the depth. */
    private static final Duration MIN_PAUSE = Duration.ofMillis(100);

    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    /** Null: nothing runs. */
    private final @Nullable ConsumerLists lists;

    private final ListSampler sampler;
    private final TakenPositions positions;
    private final TakenLatency latency;
    private final ConsumerCache cache;
    private final TakenMessages outbox;
    private final Duration interval;
    private final Duration maxCallDuration;
    private final Clock clock;

    private volatile @Nullable ThreadPoolTaskScheduler executor;

    /** The {@link System#nanoTime} before which the depth is not looked at again; confined to the thread. */
    private long nextLook = System.nanoTime();

    /** The trouble that was logged and is not over; null: none. Confined to the thread. */
    private @Nullable Cause trouble;

    ConsumerSampler(
            ObjectProvider<ConsumerLists> lists,
            ListSampler sampler,
            TakenPositions positions,
            TakenLatency latency,
            ConsumerCache cache,
            TakenMessages outbox,
            ConsumerSettings settings,
            QueueSettings queue,
            Clock clock) {
        ConsumerLists found = lists.getIfAvailable();
        this.lists = settings.enabled() ? found : null;
        this.sampler = sampler;
        this.positions = positions;
        this.latency = latency;
        this.cache = cache;
        this.outbox = outbox;
        this.interval = settings.interval();
        this.maxCallDuration = queue.maxCallDuration();
        this.clock = clock;
        if (found == null) {
            cache.unknown("no Redis is configured");
        } else if (!settings.enabled()) {
            cache.unknown("this instance does not look at the consumers' lists: registry.consumers.enabled is false");
        }
    }

    @Override
    public synchronized void start() {
        if (lists == null) {
            return;
        }
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadNamePrefix("consumers-");
        thread.setDaemon(true);
        thread.setErrorHandler(this::failed);
        thread.initialize();
        var unusedSamples = thread.scheduleWithFixedDelay(this::sample, interval);
        var unusedLooks = thread.scheduleWithFixedDelay(this::lookAtDepth, MIN_PAUSE);
        executor = thread;
    }

    private void failed(Throwable e) {
        cache.unknown("the look at the consumers' lists failed: " + e);
        log.error(
                "Unexpected failure of the look at the consumers' lists; the next one comes in {}",
                SettingRange.text(interval),
                e);
    }

    private void sample() {
        try {
            ConsumerStatus status = sampler.look(requireNonNull(lists));
            // Overdue after two more looks, each with a call of maximum duration.
            cache.sampled(status, interval.plus(maxCallDuration).multipliedBy(2));
            if (trouble != null) {
                log.info("The consumers' lists can be looked at again.");
                trouble = null;
            }
        } catch (QueueUnavailableException e) {
            cache.unknown(String.valueOf(e.getMessage()));
            complain(e);
        }
    }

    /** Warns once. Outages are left out: the relay reports them. */
    private void complain(QueueUnavailableException e) {
        boolean ours = e.kind() == Cause.PERMISSION || e.kind() == Cause.WRONG_TYPE || e.kind() == Cause.OTHER;
        if (ours && trouble != e.kind()) {
            trouble = e.kind();
            log.warn(
                    "The consumers' lists cannot be looked at ({}): what consumers have taken is not known. Delivery does not"
                            + " depend on it. docs/configuration.md has the rights that this needs.",
                    e.getMessage());
        }
    }

    /** Looks at the queue's depth alone, while messages are on their way and when it is time. */
    private void lookAtDepth() {
        if (!latency.isWaiting() || System.nanoTime() - nextLook < 0) {
            return;
        }
        nextLook = System.nanoTime() + interval.toNanos(); // in case this look fails unexpectedly
        try {
            long noted = latency.noted();
            Duration again = latency.looked(requireNonNull(lists).queueDepth(), noted, clock.instant());
            nextLook = System.nanoTime() + (again == null ? 0 : Math.min(again.toNanos(), interval.toNanos()));
        } catch (QueueUnavailableException e) {
            nextLook = System.nanoTime() + Math.min(interval.toNanos(), PAUSE_AFTER_FAILURE.toNanos());
            log.debug("The queue's depth is not known; it is looked at again soon", e);
        }
    }

    @Override
    public void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {
        if (executor != null) {
            latency.appended(createdAt);
        }
    }

    @Override
    public void rewound(int partition, long from, long to) {
        latency.forget();
        TakenMessages.Seen before = positions.furthest(partition);
        ThreadPoolTaskScheduler thread = executor;
        if (thread != null) {
            thread.execute(() -> reconcile(partition, from, to, before));
        }
    }

    /** @param before what was seen last; null: nothing was */
    private void reconcile(int partition, long from, long to, TakenMessages.@Nullable Seen before) {
        long again = from - to;
        try {
            OptionalLong done =
                    before == null ? OptionalLong.empty() : outbox.certainlyDone(partition, from, to, before);
            if (done.isEmpty()) {
                log.info(
                        "Partition {}: {} messages are sent again. How many of them consumers had already done is not known:"
                                + " this instance had not seen their lists before the loss, or the database was restored.",
                        partition,
                        again);
                return;
            }
            long certain = done.getAsLong();
            outbox.recordCertainlyDone(partition, from, to, certain);
            log.info(
                    "Partition {}: of the {} messages that are sent again, consumers had certainly done {}, and possibly {}.",
                    partition,
                    again,
                    certain,
                    again - certain);
        } catch (RuntimeException e) {
            log.warn(
                    "Partition {}: {} messages are sent again. How many of them consumers had already done could not be"
                            + " recorded; delivery does not depend on it.",
                    partition,
                    again,
                    e);
        }
    }

    @Override
    public synchronized void stop() {
        ThreadPoolTaskScheduler thread = executor;
        executor = null;
        if (thread != null) {
            thread.shutdown();
        }
    }

    @Override
    public boolean isRunning() {
        return executor != null;
    }

    /** Runs before the relay starts, and after it has stopped. */
    @Override
    public int getPhase() {
        return SmartLifecycle.DEFAULT_PHASE - 8192;
    }
}

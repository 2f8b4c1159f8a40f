package ai.hokus.registry.consumers;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * Measures the time from a message's commit until it was seen to be taken. Thread-safe; the relay's thread only notes times.
 *
 * <p>The queue is consumed in order. So of the messages that this instance appended, all but the newest D have been taken when
 * the queue has D elements. A message never counts as taken too early, unless Redis lost it. It counts too late by the pause
 * between two looks and, while the queue is not empty, by the elements of other instances and those that were put back.
 */
@Component
final class TakenLatency {

    /** Beyond this the oldest are not measured. 100,000 Instants of 24 bytes, and the references to them: about 3 MB. */
    static final int MAX_WAITING = 100_000;

    private static final Duration WINDOW = Duration.ofMinutes(5);

    /** The next look comes after a tenth of the time that the oldest message has waited. */
    private static final int PART_OF_WAIT = 10;

    private final Clock steady;
    private final Timer timer = Timer.builder("taken")
            .publishPercentiles(0.5, 0.99)
            .percentilePrecision(2)
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofDays(1))
            .distributionStatisticExpiry(WINDOW)
            .distributionStatisticBufferLength(5)
            .register(new SimpleMeterRegistry());

    /** When the messages that are waited for were written, in the order in which they were appended; guarded by this. */
    private final Deque<Instant> waiting = new ArrayDeque<>();

    private long noted; // messages that were ever added to it; guarded by this

    /** By the steady clock; null: nothing was measured. */
    private volatile @Nullable Instant measuredAt;

    TakenLatency(@Qualifier("steadyClock") Clock steady) {
        this.steady = steady;
    }

    synchronized void appended(List<OffsetDateTime> createdAt) {
        createdAt.forEach(time -> waiting.addLast(time.toInstant()));
        noted += createdAt.size();
        while (waiting.size() > MAX_WAITING) {
            waiting.removeFirst();
        }
    }

    /** The messages that were waited for are lost, and will be appended again. */
    synchronized void forget() {
        waiting.clear();
    }

    synchronized boolean isWaiting() {
        return !waiting.isEmpty();
    }

    /** How many messages were noted; read before the queue is looked at, for {@link #looked}. */
    synchronized long noted() {
        return noted;
    }

    /**
     * Records a look at the queue's depth; {@code notedBefore} is {@link #noted} before it: what was appended later may not be
     * in the depth yet. Returns the pause before the next look, so that a wait is measured to a tenth of its length; zero when
     * the clocks disagree, and a message was written later than {@code at}; null: nothing is waited for.
     */
    @Nullable
    Duration looked(long depth, long notedBefore, Instant at) {
        List<Instant> taken = new ArrayList<>();
        Instant oldest;
        synchronized (this) {
            while (noted - waiting.size() < notedBefore - depth) {
                taken.add(waiting.removeFirst());
            }
            oldest = waiting.peekFirst();
        }
        for (Instant written : taken) {
            timer.record(Math.max(0, ChronoUnit.NANOS.between(written, at)), TimeUnit.NANOSECONDS);
        }
        if (!taken.isEmpty()) {
            measuredAt = steady.instant();
        }
        if (oldest == null) {
            return null;
        }
        Duration waited = Duration.between(oldest, at);
        return waited.isNegative() ? Duration.ZERO : waited.dividedBy(PART_OF_WAIT);
    }

    /** Of what was measured in the last five minutes; null: nothing was. */
    @Nullable
    Duration percentile(double percentile) {
        Instant last = measuredAt;
        if (last == null || last.plus(WINDOW).isBefore(steady.instant())) {
            return null;
        }
        return Arrays.stream(timer.takeSnapshot().percentileValues())
                .filter(value -> value.percentile() == percentile)
                .map(value -> Duration.ofNanos((long) value.value()))
                .findFirst()
                .orElse(null);
    }
}

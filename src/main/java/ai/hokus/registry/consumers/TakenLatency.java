package ai.hokus.registry.consumers;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;
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
 * Measures the time from a message's commit until it was seen to be taken.
 *
 * <p>The queue is consumed in order. So of the messages that this instance appended, all but the newest D have been taken when the
 * queue has D elements. That is never too early; it is later than the truth by the pause between two looks, and, while the queue is
 * not empty, by the elements of other instances and those that were put back.
 *
 * <p>Thread-safe. The relay's thread only notes times.
 */
@Component
final class TakenLatency {

    /** Messages whose being taken is waited for. Beyond that the oldest are not measured. */
    static final int MAX_WAITING = 100_000;

    private static final Duration WINDOW = Duration.ofMinutes(5);

    /** A look comes after this part of the time that the oldest message has waited. */
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

    /** Microseconds since 1970 at which the messages of one append were written; guarded by this. */
    private final Deque<long[]> appends = new ArrayDeque<>();

    private long noted; // messages that ever were in it; guarded by this
    private long removed; // and of these, messages that no longer are; guarded by this

    /** By the steady clock; null: nothing was measured. */
    private volatile @Nullable Instant measuredAt;

    TakenLatency(@Qualifier("steadyClock") Clock steady) {
        this.steady = steady;
    }

    void appended(List<OffsetDateTime> createdAt) {
        long[] times = createdAt.stream()
                .mapToLong(time -> micros(time.toEpochSecond(), time.getNano()))
                .toArray();
        if (times.length == 0) {
            return;
        }
        synchronized (this) {
            appends.addLast(times);
            noted += times.length;
            while (noted - removed > MAX_WAITING) {
                removed += appends.removeFirst().length;
            }
        }
    }

    /** What was waited for is lost, and will be appended again. */
    synchronized void forget() {
        appends.clear();
        removed = noted;
    }

    synchronized boolean isWaiting() {
        return noted > removed;
    }

    /** What was appended before the queue is looked at; for {@link #looked}. */
    synchronized long noted() {
        return noted;
    }

    /**
     * The queue was looked at.
     *
     * @param depth its elements
     * @param notedBefore what {@link #noted} was before that: what was appended later may not be in the depth yet
     * @param at when
     * @return when to look again, if what is waited for is to be measured to a tenth of its wait; null: nothing is waited for
     */
    @Nullable
    Duration looked(long depth, long notedBefore, Instant at) {
        long now = micros(at.getEpochSecond(), at.getNano());
        List<long[]> taken = take(notedBefore - depth);
        for (long[] times : taken) {
            for (long time : times) {
                timer.record(Math.max(0, now - time), TimeUnit.MICROSECONDS);
            }
        }
        if (!taken.isEmpty()) {
            measuredAt = steady.instant();
        }
        synchronized (this) {
            long[] oldest = appends.peekFirst();
            return oldest == null ? null : Duration.of(Math.max(0, now - oldest[0]) / PART_OF_WAIT, ChronoUnit.MICROS);
        }
    }

    private synchronized List<long[]> take(long upTo) {
        List<long[]> taken = new ArrayList<>();
        while (removed < upTo) {
            long[] oldest = appends.removeFirst();
            int count = (int) Math.min(oldest.length, upTo - removed);
            removed += count;
            taken.add(Arrays.copyOf(oldest, count));
            if (count < oldest.length) {
                appends.addFirst(Arrays.copyOfRange(oldest, count, oldest.length));
            }
        }
        return taken;
    }

    /** Of what was measured in the last five minutes; null: nothing was. */
    @Nullable
    Duration percentile(double percentile) {
        Instant last = measuredAt;
        if (last == null || last.plus(WINDOW).isBefore(steady.instant())) {
            return null;
        }
        for (ValueAtPercentile value : timer.takeSnapshot().percentileValues()) {
            if (value.percentile() == percentile) {
                return Duration.ofNanos((long) value.value());
            }
        }
        return null;
    }

    private static long micros(long seconds, int nanos) {
        return TimeUnit.SECONDS.toMicros(seconds) + nanos / 1_000;
    }
}

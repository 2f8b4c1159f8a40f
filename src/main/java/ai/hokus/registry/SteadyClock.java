package ai.hokus.registry;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.LongSupplier;

/**
 * For waits: begins at another clock's time and then measures what elapses. When the machine's clock is set, nothing that
 * goes by this one waits for hours, or no longer. Where people or other processes read a time, it is of no use. Thread-safe.
 */
final class SteadyClock extends Clock {

    private final Clock wall;
    private final LongSupplier nanoTime;
    private final Instant begin;
    private final long beginNanos;

    /**
     * @param wall read once
     * @param nanoTime as {@link System#nanoTime}
     */
    SteadyClock(Clock wall, LongSupplier nanoTime) {
        this.wall = wall;
        this.nanoTime = nanoTime;
        this.begin = wall.instant();
        this.beginNanos = nanoTime.getAsLong();
    }

    @Override
    public Instant instant() {
        return begin.plusNanos(nanoTime.getAsLong() - beginNanos);
    }

    @Override
    public ZoneId getZone() {
        return wall.getZone();
    }

    /** @throws UnsupportedOperationException always: waits have no zone */
    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("waits have no zone");
    }
}

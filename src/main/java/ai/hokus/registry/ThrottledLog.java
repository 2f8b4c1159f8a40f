package ai.hokus.registry;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;

/**
 * Warns at most once a minute, with the number of warnings that were left out: an outage refuses thousands of requests, and all
 * for one reason. One instance for each kind of warning. Thread-safe.
 */
public final class ThrottledLog {

    static final Duration INTERVAL = Duration.ofMinutes(1);

    private final Logger log;
    private final LongSupplier nanoTime;
    private final AtomicLong due;
    private final AtomicLong leftOut = new AtomicLong();

    public ThrottledLog(Logger log) {
        this(log, System::nanoTime);
    }

    ThrottledLog(Logger log, LongSupplier nanoTime) {
        this.log = log;
        this.nanoTime = nanoTime;
        this.due = new AtomicLong(nanoTime.getAsLong());
    }

    /** Asks for the message only if it is logged. */
    public void warn(Supplier<String> message) {
        long now = nanoTime.getAsLong();
        long next = due.get();
        if (now - next < 0 || !due.compareAndSet(next, now + INTERVAL.toNanos())) {
            leftOut.incrementAndGet();
            return;
        }
        long more = leftOut.getAndSet(0);
        log.warn("{}{}", message.get(), more == 0 ? "" : " There were " + more + " more since this was last logged.");
    }
}

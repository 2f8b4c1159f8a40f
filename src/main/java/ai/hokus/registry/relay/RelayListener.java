package ai.hokus.registry.relay;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;

/**
 * Is told what the relay of this instance does. It runs on the relay's threads and delays delivery, so it must return at once and
 * do no I/O. What it throws is logged once, and otherwise ignored.
 */
public interface RelayListener {

    String DATABASE = "database";

    String OTHER = "other";

    /** {@code createdAt}: when each message of an append was written, by the database's clock; none: all were withheld. */
    default void appended(int partition, List<OffsetDateTime> createdAt, Duration took) {}

    /** A pass that had the lock ended, well or not; {@code took} counts from its first look at the queue. */
    default void passEnded(int partition, Duration took) {}

    /** The cause is a {@code QueueUnavailableException.Cause} in lower case, {@link #DATABASE} or {@link #OTHER}. */
    default void failed(int partition, String cause) {}

    /**
     * The queue had lost messages, which are sent again. The rewind is already recorded.
     *
     * @param from the position that had been delivered
     * @param to the position that is still delivered, below {@code from}
     */
    default void rewound(int partition, long from, long to) {}

    default void parked(int partition) {}
}

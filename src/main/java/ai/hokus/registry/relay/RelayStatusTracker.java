package ai.hokus.registry.relay;

import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The status of one partition's relay. Written by the relay's thread alone, read by any. */
final class RelayStatusTracker {

    private static final Logger log = LoggerFactory.getLogger(RelayStatusTracker.class);

    private final Clock clock;
    private volatile RelayStatus status;

    RelayStatusTracker(int partition, Clock clock) {
        this.clock = clock;
        this.status = new RelayStatus(partition, RelayState.STARTING, clock.instant(), null, null, null, -1);
    }

    RelayStatus status() {
        return status;
    }

    void passed() {
        status = status.withPassAt(clock.instant());
    }

    void queueDepth(long elements) {
        status = status.withQueueDepth(elements);
    }

    /**
     * The one place where the state changes. A change is logged, staying is not.
     *
     * @param error null: the last one stays
     * @param logLine with a place for the partition's number
     */
    void become(RelayState state, @Nullable String error, String logLine) {
        RelayStatus before = status;
        Instant now = clock.instant();
        boolean changed = before.state() != state;
        status = new RelayStatus(
                before.partition(),
                state,
                changed ? now : before.since(),
                before.lastPassAt(),
                error == null ? before.lastError() : error,
                error == null ? before.lastErrorAt() : now,
                before.queueDepth());
        if (changed) {
            log(before, state, error, logLine);
        }
    }

    private static void log(RelayStatus before, RelayState state, @Nullable String error, String logLine) {
        int partition = before.partition();
        switch (state) {
            case WAITING, FAILING, NOT_RELAYING -> log.warn(logLine + " Cause: {}", partition, error);
            case QUEUE_FULL -> log.warn(logLine, partition);
            case STOPPED -> log.error(logLine, partition);
            case IDLE, DELIVERING, STANDING_BY -> {
                if (isTrouble(before.state())) {
                    log.info(logLine, partition);
                } else {
                    log.debug(logLine, partition);
                }
            }
            default -> log.info(logLine, partition);
        }
    }

    private static boolean isTrouble(RelayState state) {
        return switch (state) {
            case WAITING, QUEUE_FULL, FAILING, PAUSED, STOPPED, NOT_RELAYING -> true;
            case STARTING, IDLE, DELIVERING, STANDING_BY, SHUT_DOWN -> false;
        };
    }
}

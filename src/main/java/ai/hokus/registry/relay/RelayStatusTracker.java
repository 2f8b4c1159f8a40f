package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The status of one partition's relay, and what log and listeners are told of what it does. Written by the relay's thread, or by that
 * of an append while the relay's claims; the status is read by any.
 */
final class RelayStatusTracker implements PassObserver {

    private static final Logger log = LoggerFactory.getLogger(RelayStatusTracker.class);

    private final int partition;
    private final Clock clock;
    private final RelayListener listener;
    private volatile RelayStatus status;

    RelayStatusTracker(int partition, Clock clock, RelayListener listener) {
        this.partition = partition;
        this.clock = clock;
        this.listener = listener;
        this.status = new RelayStatus(partition, RelayState.STARTING, clock.instant(), null, null, null, -1);
    }

    RelayStatus status() {
        return status;
    }

    void passed() {
        status = status.withPassAt(clock.instant());
    }

    @Override
    public void depth(long elements) {
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
                partition,
                state,
                changed ? now : before.since(),
                before.lastPassAt(),
                error == null ? before.lastError() : error,
                error == null ? before.lastErrorAt() : now,
                before.queueDepth());
        if (changed) {
            log(before.state(), state, error, logLine);
        }
    }

    private void log(RelayState before, RelayState state, @Nullable String error, String logLine) {
        switch (state) {
            case WAITING, FAILING, NOT_RELAYING -> log.warn(logLine + " Cause: {}", partition, error);
            case QUEUE_FULL -> log.warn(logLine, partition);
            case STOPPED -> log.error(logLine, partition);
            case IDLE, DELIVERING, STANDING_BY ->
                log.atLevel(isTrouble(before) ? Level.INFO : Level.DEBUG).log(logLine, partition);
            default -> log.info(logLine, partition);
        }
    }

    private static boolean isTrouble(RelayState state) {
        return switch (state) {
            case WAITING, QUEUE_FULL, FAILING, PAUSED, STOPPED, NOT_RELAYING -> true;
            case STARTING, IDLE, DELIVERING, STANDING_BY, SHUT_DOWN -> false;
        };
    }

    @Override
    public void progressed(ClaimResult.Progress progress) {
        ClaimResult.Rewind rewind = progress.rewind();
        if (rewind == null) {
            return;
        }
        if (rewind.divergence()) {
            log.error(
                    "Partition {}: {}. Delivery goes on by itself. If this happens again soon: was this database restored, or"
                            + " does a copy of it run against the same Redis?",
                    partition,
                    rewind.reason());
        }
        if (rewind.from() > rewind.to()) {
            log.warn(
                    "Partition {}: {}; {} messages, positions {} to {}, are sent again with their old message_ids.",
                    partition,
                    rewind.reason(),
                    rewind.from() - rewind.to(),
                    rewind.to() + 1,
                    rewind.from());
            listener.rewound(partition, rewind.from(), rewind.to());
        }
    }

    /** While the queue is full, an append of what fits does not end the back-pressure: the end of the pass tells. */
    @Override
    public void appended(List<OutboxMessage> messages, Duration took) {
        if (status.state() != RelayState.QUEUE_FULL) {
            become(RelayState.DELIVERING, null, "Partition {}: delivering.");
        }
        listener.appended(
                partition, messages.stream().map(OutboxMessage::createdAt).toList(), took);
    }

    @Override
    public void parked(OutboxMessage message, String error) {
        log.error(
                "Partition {}: the queue refuses message {} of {} alone ({}). It is parked and skipped, all others"
                        + " are delivered; an operator requeues or discards it.",
                partition,
                message.messageId(),
                message.key(),
                error);
        listener.parked(partition);
    }

    @Override
    public void warned(String warning) {
        log.warn("Partition {}: appended, but: {}", partition, warning);
    }
}

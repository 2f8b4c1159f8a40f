package ai.hokus.registry.relay;

import ai.hokus.registry.ThrottledLog;
import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Keeps the status of one partition's relay, and tells the log and the listeners what it does. Written by the relay's thread, or
 * by an append's thread while the relay's own claims. Any thread may read the status.
 */
final class RelayStatusTracker implements PassObserver {

    private static final Logger log = LoggerFactory.getLogger(RelayStatusTracker.class);

    private static final Duration COMPARISON_VALID = Duration.ofMinutes(1);

    private final int partition;
    private final Clock clock;
    private final RelayListeners listeners;
    private final Map<String, ThrottledLog> warnings = new ConcurrentHashMap<>();
    private volatile RelayStatus status;

    RelayStatusTracker(int partition, Clock clock, RelayListeners listeners) {
        this.partition = partition;
        this.clock = clock;
        this.listeners = listeners;
        this.status = new RelayStatus(partition, RelayState.STARTING, clock.instant(), null, null, null, -1);
    }

    RelayStatus status() {
        return status;
    }

    /**
     * Whether a pass compared the queue with what was delivered, not long ago: this process may have stood still since, and the
     * queue may have lost everything meanwhile.
     */
    boolean knowsQueue(Duration maxPass) {
        RelayStatus now = status;
        return now.state().knowsQueue()
                && now.lastPassAt() != null
                && now.lastPassAt().plus(maxPass).plus(COMPARISON_VALID).isAfter(clock.instant());
    }

    void passed(RelayPass.Result result) {
        status = status.withPassAt(clock.instant());
        become(result.state(), result.detail(), logLine(result.state()));
    }

    /** @param cause as {@link RelayListener#failed} has it */
    void failed(RelayState state, String cause, String error, String logLine) {
        become(state, error, logLine);
        listeners.tell(listener -> listener.failed(partition, cause));
    }

    /** Another partition's passes have shown that the queue takes nothing. */
    void queueIsAway(String error) {
        if (status.state() != RelayState.WAITING) {
            become(RelayState.WAITING, error, "The queue takes nothing, so partition {} waits for its turn to try.");
        }
    }

    void shutDown() {
        become(RelayState.SHUT_DOWN, null, "The relay of partition {} stops; what is pending waits in the outbox.");
    }

    /** The one place where the state changes. Only a change is logged. If {@code error} is null, the last one stays. */
    private void become(RelayState state, @Nullable String error, String logLine) {
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

    private static String logLine(RelayState state) {
        return switch (state) {
            case IDLE -> "Partition {}: everything is in the queue.";
            case DELIVERING -> "Partition {}: delivering.";
            case STANDING_BY -> "Another instance relays partition {}; this one stands by.";
            case QUEUE_FULL ->
                "Partition {}: the queue is at its capacity; messages wait in the outbox until consumers make room.";
            case PAUSED -> "Partition {} is paused by an operator; messages wait in the outbox.";
            case STOPPED ->
                "Partition {} is stopped: for the second time within registry.outbox.divergence-heal-interval Redis holds"
                        + " checkpoints that another copy of this database wrote. Does a copy run against the same Redis?"
                        + " Messages wait in the outbox until an operator releases the partition.";
            case NOT_RELAYING -> "Partition {}: this instance accepts registrations, but does not deliver them.";
            case STARTING -> "Partition {}: time was up before the first claim; the next pass goes on.";
            case WAITING, FAILING, SHUT_DOWN -> throw new IllegalArgumentException("no pass ends " + state);
        };
    }

    @Override
    public void depth(long elements) {
        status = status.withQueueDepth(elements);
    }

    @Override
    public void claimed(ClaimResult result) {
        ClaimResult.Rewind rewind = result.rewind();
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
            listeners.tell(listener -> listener.rewound(partition, rewind.from(), rewind.to()));
        }
    }

    /** While the queue is full, an append of what fits does not end that state: the end of the pass decides. */
    @Override
    public void appended(List<OutboxMessage> messages, Duration took) {
        if (status.state() != RelayState.QUEUE_FULL) {
            become(RelayState.DELIVERING, null, logLine(RelayState.DELIVERING));
        }
        List<OffsetDateTime> createdAt =
                messages.stream().map(OutboxMessage::createdAt).toList();
        listeners.tell(listener -> listener.appended(partition, createdAt, took));
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
        listeners.tell(listener -> listener.parked(partition));
    }

    @Override
    public void warned(String warning) {
        String kind = warning.split(":", 2)[0];
        warnings.computeIfAbsent(kind, key -> new ThrottledLog(log))
                .warn(() -> "Partition " + partition + ": appended, but: " + warning);
    }
}

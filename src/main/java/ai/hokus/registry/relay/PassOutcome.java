package ai.hokus.registry.relay;

import org.jspecify.annotations.Nullable;

/** How a pass ended, the state that this means, and what the log says when it begins. */
enum PassOutcome {
    /** Nothing is pending. */
    DRAINED(RelayState.IDLE, "Partition {}: everything is in the queue."),
    /** Time was up, or the service stops; more may be pending. */
    OUT_OF_TIME(RelayState.DELIVERING, "Partition {}: delivering."),
    /** Another instance has the lock. */
    LOCKED_OUT(RelayState.STANDING_BY, "Another instance relays partition {}; this one stands by."),
    /** The queue is at its capacity. */
    QUEUE_FULL(
            RelayState.QUEUE_FULL,
            "Partition {}: the queue is at its capacity; messages wait in the outbox until consumers make room."),
    /** An operator paused the partition. */
    PAUSED(RelayState.PAUSED, "Partition {} is paused by an operator; messages wait in the outbox."),
    /** Another copy of the database delivers to the same queue. */
    STOPPED(
            RelayState.STOPPED,
            "Partition {} is stopped: for the second time within an hour Redis holds checkpoints that another copy of"
                    + " this database wrote. Does a copy run against the same Redis? Messages wait in the outbox until"
                    + " an operator releases the partition."),
    /** This instance is configured for another queue or environment. */
    NOT_RELAYING(
            RelayState.NOT_RELAYING, "Partition {}: this instance accepts registrations, but does not deliver them."),
    /** A later release wrote the queue's newest checkpoint. */
    UNREADABLE_CHECKPOINT(
            RelayState.WAITING,
            "Partition {}: the queue's newest checkpoint cannot be read; messages wait in the outbox. Is a later release"
                    + " running? Then stop this one.");

    private final RelayState state;
    private final String logLine;

    PassOutcome(RelayState state, String logLine) {
        this.state = state;
        this.logLine = logLine;
    }

    RelayState state() {
        return state;
    }

    String logLine() {
        return logLine;
    }

    /** What operators see as the last error; null: it is none. */
    @Nullable
    String error(@Nullable String detail) {
        return this == UNREADABLE_CHECKPOINT ? "unknown checkpoint version: " + detail : detail;
    }
}

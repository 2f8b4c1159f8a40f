package ai.hokus.registry.relay;

/** How a pass ended, the state that this means, and what the log says when it begins. */
enum PassOutcome {
    DRAINED(RelayState.IDLE, "Partition {}: everything is in the queue."),
    /** Time was up, or the service stops; more may be pending. */
    OUT_OF_TIME(RelayState.DELIVERING, "Partition {}: delivering."),
    LOCKED_OUT(RelayState.STANDING_BY, "Another instance relays partition {}; this one stands by."),
    QUEUE_FULL(
            RelayState.QUEUE_FULL,
            "Partition {}: the queue is at its capacity; messages wait in the outbox until consumers make room."),
    PAUSED(RelayState.PAUSED, "Partition {} is paused by an operator; messages wait in the outbox."),
    STOPPED(
            RelayState.STOPPED,
            "Partition {} is stopped: for the second time within an hour Redis holds checkpoints that another copy of"
                    + " this database wrote. Does a copy run against the same Redis? Messages wait in the outbox until"
                    + " an operator releases the partition."),
    NOT_RELAYING(
            RelayState.NOT_RELAYING, "Partition {}: this instance accepts registrations, but does not deliver them."),
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
}

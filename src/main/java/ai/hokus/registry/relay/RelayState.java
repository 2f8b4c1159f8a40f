package ai.hokus.registry.relay;

/** What the relay of one partition on this instance is doing. */
public enum RelayState {
    /** It has not made a pass yet, or time was up before its first claim. */
    STARTING,
    IDLE,
    DELIVERING,
    /** Another instance relays this partition. */
    STANDING_BY,
    /** The queue takes nothing: messages wait in the outbox. */
    WAITING,
    /** The queue is at its capacity: messages wait in the outbox until consumers make room. */
    QUEUE_FULL,
    PAUSED,
    /** Another copy of the database delivers to the same queue; an operator must decide. */
    STOPPED,
    /** This instance has the wrong queue or environment, or cannot read the newest checkpoint; others may relay. */
    NOT_RELAYING,
    /** The database or something unforeseen failed: messages wait in the outbox, and the next pass tries again. */
    FAILING,
    SHUT_DOWN;

    /** Whether the last pass compared the queue's newest checkpoint with what was delivered, and healed what was missing. */
    public boolean knowsQueue() {
        return switch (this) {
            case IDLE, DELIVERING, QUEUE_FULL, PAUSED -> true;
            case STARTING, STANDING_BY, WAITING, STOPPED, NOT_RELAYING, FAILING, SHUT_DOWN -> false;
        };
    }
}

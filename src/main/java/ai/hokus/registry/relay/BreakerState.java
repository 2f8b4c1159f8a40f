package ai.hokus.registry.relay;

/** Whether this instance leaves the queue alone. */
public enum BreakerState {
    /** It does not. */
    CLOSED,
    /** It does, for a while. */
    OPEN,
    /** One pass tries whether the queue is back. */
    HALF_OPEN
}

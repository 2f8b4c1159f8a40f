package ai.hokus.registry.relay;

/** Of {@link QueueBreaker}. */
public enum BreakerState {
    CLOSED,
    OPEN,
    /** One pass tries whether the queue is back. */
    HALF_OPEN
}

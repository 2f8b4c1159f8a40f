package ai.hokus.registry.relay;

/** Whether an instance relays. */
public enum RelayMode {
    RELAYING,
    /** No Redis is configured: messages wait in the outbox. */
    NOT_CONFIGURED,
    /** {@code registry.relay.enabled} is false. */
    DISABLED
}

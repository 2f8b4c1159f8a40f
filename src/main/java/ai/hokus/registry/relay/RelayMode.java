package ai.hokus.registry.relay;

/** Whether an instance relays. */
public enum RelayMode {
    /** It does. */
    RELAYING,
    /** No Redis is configured: messages wait in the outbox. */
    NOT_CONFIGURED,
    /** It is switched off on this instance. */
    DISABLED
}

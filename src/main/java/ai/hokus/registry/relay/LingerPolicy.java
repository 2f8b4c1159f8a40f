package ai.hokus.registry.relay;

/**
 * Decides whether a pass that has caught up waits for what comes next: giving the lock back and asking for it again would cost
 * more than a message. Confined to the pass's thread.
 */
interface LingerPolicy {

    LingerPolicy NONE = new LingerPolicy() {};

    default void onClaimed(int messages) {}

    /** Whether something was claimed lately. */
    default boolean shouldLinger() {
        return false;
    }

    /**
     * Waits for a commit on this instance (when many come, for several), or until it is time to look for those of others.
     * Returns whether there was one; at once when the service stops.
     */
    default boolean awaitCommit() {
        return true;
    }
}

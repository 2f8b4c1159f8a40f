package ai.hokus.registry.relay;

/**
 * Decides whether a pass that has caught up waits for what comes next: giving the lock back and asking for it again would cost
 * more than a message. Confined to the pass's thread.
 */
interface LingerPolicy {

    /** Ends every pass as soon as nothing is pending. */
    LingerPolicy NONE = new LingerPolicy() {};

    /** This many messages were claimed. */
    default void onClaimed(int messages) {}

    /** Whether something was claimed lately. */
    default boolean shouldLinger() {
        return false;
    }

    /**
     * Waits for a commit on this instance, or until it is time to look for those of others. When many come, it waits
     * until there are several. Returns at once when the service stops.
     *
     * @return whether there was a commit
     */
    default boolean awaitCommit() {
        return true;
    }
}

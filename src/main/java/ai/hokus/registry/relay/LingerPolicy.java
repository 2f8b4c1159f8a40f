package ai.hokus.registry.relay;

/**
 * Whether a pass that has caught up stays for what comes next: to give the lock back and ask for it again would cost more than a
 * message. Confined to the pass's thread.
 */
interface LingerPolicy {

    /** Ends every pass as soon as nothing is pending. */
    LingerPolicy NONE = new LingerPolicy() {};

    /** So many messages were claimed. */
    default void onClaimed(int messages) {}

    /** Whether something was claimed lately. */
    default boolean shouldLinger() {
        return false;
    }

    /**
     * Waits for a commit on this instance, or until it is time to look for those of others; and where many come, until
     * several have. Returns at once when the service stops.
     *
     * @return whether there was a commit
     */
    default boolean awaitCommit() {
        return true;
    }
}

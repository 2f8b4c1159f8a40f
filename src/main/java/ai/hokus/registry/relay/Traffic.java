package ai.hokus.registry.relay;

/**
 * What tells a pass that has caught up whether to stay for what comes next: while there is traffic, giving the lock back
 * and asking for it again would cost more than the message. Used by the pass's thread alone.
 */
interface Traffic {

    /** Ends every pass as soon as nothing is pending. */
    Traffic NONE = new Traffic() {
        @Override
        public boolean goesOn() {
            return false;
        }

        @Override
        public boolean awaitCommit() {
            return true;
        }
    };

    /** So many messages were claimed. */
    default void seen(int messages) {}

    /** Whether something was claimed lately. */
    boolean goesOn();

    /**
     * Waits for a commit on this instance, or until it is time to look what others committed; and where many come, until
     * several have. Returns at once when the service stops.
     *
     * @return whether there was a commit
     */
    boolean awaitCommit();
}

package ai.hokus.registry.outbox;

/**
 * Is told of every message that this instance has committed, and of every one that it could not commit. Must return at once; what it
 * throws is logged and otherwise ignored.
 */
@FunctionalInterface
public interface CommitListener {

    /** Called on the thread that committed, after the commit and after the sync to disk where the database needs one. */
    void committed(CommittedMessage message);

    /** Called when the database failed during a transaction that should have committed a message. */
    default void failed(RuntimeException failure) {}
}

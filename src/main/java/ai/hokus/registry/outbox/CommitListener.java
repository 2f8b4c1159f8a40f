package ai.hokus.registry.outbox;

/** Is told of every message that this instance has committed. */
@FunctionalInterface
public interface CommitListener {

    /**
     * Called on the thread that committed, after the commit and after the sync to disk where the database needs one. Must
     * return at once and wait for nothing; what it throws is logged and otherwise ignored.
     */
    void committed(AppendedMessage message);
}

package ai.hokus.registry.queue;

/**
 * The queue that consumers take from, with what it remembers of each writer: compare-and-append.
 *
 * <p>Each {@link Source} has checkpoints beside the queue, one per append, the newest K of them. An append names the
 * checkpoint that it expects to be the newest; where another one is, it changes nothing. Of two writers with the same
 * view only one can append, and an append that was sent twice happens once.
 *
 * <p>Thread-safe. Calls block, each for no longer than a bound that the implementation states.
 */
public interface MessageQueue {

    /**
     * Reads the newest checkpoints of a source, from the primary: a replica's stale answer would look like a loss.
     *
     * @param most how many at most; at least 1
     * @throws QueueUnavailableException when the queue did not answer
     */
    Checkpoints checkpoints(Source source, int most);

    /**
     * Appends all of a batch and its checkpoint, or nothing.
     *
     * @throws QueueUnavailableException when the queue did not answer, or answered something that says nothing about
     *     this batch; after a timeout the append may still have happened, or may yet: the checkpoints tell
     */
    AppendResult append(Source source, Append append);

    /**
     * Begins an append, so that the caller can do something else before it asks for the answer. What it appends may be in
     * the queue at once, or only when the answer was waited for, or never.
     *
     * @throws QueueUnavailableException as {@link #append}; some implementations find out now, others when it is waited for
     */
    default PendingAppend send(Source source, Append append) {
        AppendResult result = append(source, append);
        return () -> result;
    }
}

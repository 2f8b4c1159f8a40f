package ai.hokus.registry.queue;

/**
 * The queue that consumers take from, with each producer's checkpoints: compare-and-append.
 *
 * <p>Each {@link ProducerId} has checkpoints beside the queue, one per append: the newest K of them, and K that were marked as
 * milestones. An append names the checkpoint that it expects to be the newest. If another one is, the append changes nothing.
 * So of two producers with the same view only one can append, and an append that is sent twice happens once.
 *
 * <p>Thread-safe. Calls block, each for no longer than a bound that the implementation states.
 */
public interface MessageQueue {

    /**
     * Reads the newest checkpoint of a producer, from the primary: a replica's stale answer would look like a loss.
     *
     * @return without milestones
     * @throws QueueUnavailableException when the queue did not answer
     */
    Checkpoints newestCheckpoint(ProducerId producer);

    /**
     * Reads all checkpoints of a producer, from the primary.
     *
     * @throws QueueUnavailableException when the queue did not answer
     */
    Checkpoints allCheckpoints(ProducerId producer);

    /**
     * Appends a whole batch and its checkpoint, or nothing.
     *
     * @throws QueueUnavailableException when the queue did not answer, or answered something that says nothing about this
     *     batch; after a timeout the append may have happened, or may still happen: the checkpoints tell
     */
    AppendResult append(ProducerId producer, Append append);
}

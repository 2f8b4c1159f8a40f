package ai.hokus.registry.queue;

/**
 * The queue that consumers take from, with each producer's checkpoints: compare-and-append.
 *
 * <p>Each {@link ProducerId} has checkpoints beside the queue, one per append: the newest K of them, and K that were marked as
 * milestones. An append names the checkpoint that it expects to be the newest. If another one is, the append changes nothing.
 * So of two producers with the same view only one can append, and an append that is sent twice happens once.
 *
 * <p>Thread-safe. Calls block, each for no longer than a bound that the implementation states. Each throws {@link
 * QueueUnavailableException} when the queue did not answer.
 */
public interface MessageQueue {

    /** From the primary: a replica's stale answer would look like a loss. */
    Checkpoints newestCheckpoint(ProducerId producer);

    /** Milestones as well; from the primary. */
    Checkpoints allCheckpoints(ProducerId producer);

    /**
     * Appends a whole batch and its checkpoint, or nothing.
     *
     * @throws QueueUnavailableException also when the answer says nothing about this batch; after a timeout the append may have
     *     happened, or may still happen: the checkpoints tell
     */
    AppendResult append(ProducerId producer, Append append);
}

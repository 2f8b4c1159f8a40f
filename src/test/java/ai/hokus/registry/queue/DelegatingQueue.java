package ai.hokus.registry.queue;

/** Passes calls on to another queue; a test overrides those that are to fail, or during which something is to happen. */
public class DelegatingQueue implements MessageQueue {

    private final MessageQueue queue;

    public DelegatingQueue(MessageQueue queue) {
        this.queue = queue;
    }

    @Override
    public Checkpoints newestCheckpoint(ProducerId producer) {
        return queue.newestCheckpoint(producer);
    }

    @Override
    public Checkpoints allCheckpoints(ProducerId producer) {
        return queue.allCheckpoints(producer);
    }

    @Override
    public AppendResult append(ProducerId producer, Append append) {
        return queue.append(producer, append);
    }
}

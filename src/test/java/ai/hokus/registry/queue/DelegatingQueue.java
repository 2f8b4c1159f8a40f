package ai.hokus.registry.queue;

/** Another queue, of which a test overrides what is to go wrong, or to happen meanwhile. */
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

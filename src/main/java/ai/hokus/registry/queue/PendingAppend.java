package ai.hokus.registry.queue;

/** An append that was sent, and whose answer may be waited for. */
@FunctionalInterface
public interface PendingAppend {

    /**
     * Waits for the answer, no longer than the queue's bound from the call on. Once, on the thread that sent it.
     *
     * @throws QueueUnavailableException as {@link MessageQueue#append}
     */
    AppendResult await();
}

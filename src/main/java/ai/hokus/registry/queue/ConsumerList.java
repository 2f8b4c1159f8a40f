package ai.hokus.registry.queue;

/** A list that consumers keep beside the queue: {@code QUEUE:processing} or {@code QUEUE:dlq}. */
public enum ConsumerList {
    /** What consumers have taken and not finished. */
    PROCESSING(":processing"),
    /** What consumers gave up. */
    DLQ(":dlq");

    private final String suffix;

    ConsumerList(String suffix) {
        this.suffix = suffix;
    }

    public String key(String queueName) {
        return queueName + suffix;
    }
}

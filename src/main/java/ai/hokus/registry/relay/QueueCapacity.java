package ai.hokus.registry.relay;

/** How many elements the queue may hold before the relay stops. */
public record QueueCapacity(long elements) {}

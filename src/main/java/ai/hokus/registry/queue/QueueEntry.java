package ai.hokus.registry.queue;

/** The element that consumers pop, and what subscribers are told when notifications are on. */
public record QueueEntry(String element, String notification) {}

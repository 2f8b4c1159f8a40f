package ai.hokus.registry.queue;

/**
 * One element of the queue.
 *
 * @param element what consumers pop
 * @param notification what subscribers are told when notifications are on
 */
public record QueueEntry(String element, String notification) {}

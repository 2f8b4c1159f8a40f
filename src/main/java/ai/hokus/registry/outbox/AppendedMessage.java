package ai.hokus.registry.outbox;

/**
 * A message that has been appended and committed.
 *
 * @param partition where it waits
 */
public record AppendedMessage(NewMessage message, int partition) {}

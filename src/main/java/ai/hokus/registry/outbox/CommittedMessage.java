package ai.hokus.registry.outbox;

/**
 * A message of this instance whose transaction has committed.
 *
 * @param partition where it waits
 */
public record CommittedMessage(NewMessage message, int partition) {}

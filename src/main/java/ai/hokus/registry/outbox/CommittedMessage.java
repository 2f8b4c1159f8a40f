package ai.hokus.registry.outbox;

/** A message of this instance whose transaction has committed. */
public record CommittedMessage(NewMessage message, int partition) {}

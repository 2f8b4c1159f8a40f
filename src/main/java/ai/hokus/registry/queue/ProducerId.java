package ai.hokus.registry.queue;

import java.util.UUID;

/**
 * Who appends: one partition of one outbox. It is part of the checkpoints' key, so that two databases that feed one queue
 * never mistake each other's checkpoints.
 */
public record ProducerId(UUID outbox, int partition) {}

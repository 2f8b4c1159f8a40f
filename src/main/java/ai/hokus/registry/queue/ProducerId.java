package ai.hokus.registry.queue;

import java.util.UUID;

/**
 * Who appends: one partition of one outbox. Names the checkpoints' key, so that two databases that feed one queue never
 * mistake each other's.
 */
public record ProducerId(UUID outbox, int partition) {}

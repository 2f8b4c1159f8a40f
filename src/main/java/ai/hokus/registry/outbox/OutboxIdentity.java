package ai.hokus.registry.outbox;

import java.util.UUID;

/**
 * Who this outbox is: the one row of the table {@code outbox}.
 *
 * @param id part of the checkpoints' key in Redis
 * @param partitions how many partitions messages are spread over
 */
public record OutboxIdentity(UUID id, int partitions) {

    /**
     * The partition of a key, for as long as the number of partitions stays. {@link String#hashCode} is specified, so every
     * instance and every JDK agrees.
     */
    int partitionOf(String key) {
        return Math.floorMod(key.hashCode(), partitions);
    }
}

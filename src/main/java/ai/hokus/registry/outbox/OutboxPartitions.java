package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The partitions of this outbox, and its identity: the one row of the table {@code outbox}. Thread-safe. */
public class OutboxPartitions {

    /**
     * Timeout of a claim's transaction, and of every other one that holds a partition's row. A claim of 500 takes about 5 ms.
     * One that takes longer is waiting for a lock, or for a database that does not answer.
     */
    public static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(5);

    private final UUID outboxId;
    private final int count;
    private final @Nullable String environment;
    private final OutboxDatabase database;

    OutboxPartitions(UUID outboxId, int count, @Nullable String environment, OutboxDatabase database) {
        this.outboxId = outboxId;
        this.count = count;
        this.environment = environment;
        this.database = database;
    }

    /** Part of the checkpoints' key in Redis. */
    public UUID outboxId() {
        return outboxId;
    }

    int count() {
        return count;
    }

    /** {@link String#hashCode} is specified, so every instance and every JDK agrees. */
    int partitionOf(String key) {
        return Math.floorMod(key.hashCode(), count);
    }

    /** All partitions, by their number. */
    public List<OutboxPartition> forRelay(String instance, String queueName) {
        RelayIdentity relay = new RelayIdentity(instance, queueName, environment);
        return IntStream.range(0, count)
                .mapToObj(number -> new OutboxPartition(number, count, relay, database))
                .toList();
    }
}

package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The outbox as the relay sees it: its identity and its partitions. Thread-safe. */
public class OutboxPartitions {

    /**
     * Timeout of a claim's transaction, and of every other one that holds a partition's row. A claim of 500 takes about 5 ms;
     * what takes longer waits for a lock or for a database that does not answer.
     */
    public static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(5);

    private final OutboxIdentity identity;
    private final @Nullable String environment;
    private final OutboxDatabase database;

    OutboxPartitions(OutboxIdentity identity, @Nullable String environment, OutboxDatabase database) {
        this.identity = identity;
        this.environment = environment;
        this.database = database;
    }

    /** This database's identity towards the queue. */
    public UUID outboxId() {
        return identity.id();
    }

    /**
     * All partitions, by their number, for one instance's relay.
     *
     * @param instance this process, for the operators
     * @param queueName where it relays to
     */
    public List<OutboxPartition> forRelay(String instance, String queueName) {
        RelayIdentity relay = new RelayIdentity(instance, queueName, environment);
        return IntStream.range(0, identity.partitions())
                .mapToObj(number -> new OutboxPartition(number, identity.partitions(), relay, database))
                .toList();
    }
}

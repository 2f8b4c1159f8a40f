package ai.hokus.registry.outbox;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** The outbox as the relay sees it: its identity and its partitions. Thread-safe. */
public class OutboxPartitions {

    /**
     * Longest transaction of a claim. The relay's own arithmetic counts on it; a claim of 500 takes about 5 ms, and what
     * takes longer waits for a lock or for a database that does not answer.
     */
    public static final Duration LONGEST_CLAIM = Duration.ofSeconds(5);

    private final OutboxIdentity identity;
    private final List<OutboxPartition> partitions;

    OutboxPartitions(
            OutboxIdentity identity,
            JdbcTemplate jdbc,
            DatabaseKind kind,
            PlatformTransactionManager transactions,
            CommitSync commitSync,
            Duration healDivergenceEvery) {
        this.identity = identity;
        TransactionTemplate transaction = new TransactionTemplate(transactions);
        transaction.setTimeout(Math.toIntExact(LONGEST_CLAIM.toSeconds()));
        this.partitions = IntStream.range(0, identity.partitions())
                .mapToObj(p -> new OutboxPartition(
                        p, new PartitionStatements(jdbc, kind, p), transaction, commitSync, healDivergenceEvery))
                .toList();
    }

    /** This database's identity towards the queue. */
    public UUID outboxId() {
        return identity.id();
    }

    /** All of them, by their number. */
    public List<OutboxPartition> all() {
        return partitions;
    }
}

package ai.hokus.registry.outbox;

import java.util.List;

/** Says what retention may delete. Whoever delivers the messages implements it; without one, retention deletes nothing. */
public interface PurgeGuard {

    /**
     * The partitions whose queue is known to have what it was given: a queue that is away may come back with less, and what it lacks
     * then must still be here. Thread-safe; returns at once.
     */
    List<Integer> purgeablePartitions();
}

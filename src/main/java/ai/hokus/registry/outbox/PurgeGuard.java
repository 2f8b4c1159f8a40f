package ai.hokus.registry.outbox;

import java.util.List;

/** Says what retention may delete; without an implementation, nothing. */
public interface PurgeGuard {

    /**
     * The partitions whose queue is known to have what it was given. A queue that is away may come back with less, and the
     * messages that it then lacks must still be here. Thread-safe; returns at once.
     */
    List<Integer> purgeablePartitions();
}

package ai.hokus.registry.outbox;

import org.jspecify.annotations.Nullable;

/**
 * Where a partition stands, read under its lock: the newest row of each of its logs, and what the database says about
 * ids.
 *
 * @param firstPosition of the newest batch; 0: there is none
 * @param lastPosition of the newest batch; {@code purged_position} when there is none
 * @param batchId the newest batch; 0: there is none
 * @param settledId as the newest batch says
 * @param sampleId as the newest batch says; null: none is under way
 * @param sampleXid as the newest batch says; null: not given yet
 * @param deliveryNo of the newest acknowledgement; 0: there is none
 * @param highestId of this partition's messages, as they are visible now
 * @param xid of this transaction; 0 on H2
 * @param oldestXid no older transaction is running; 0 on H2
 * @param serverStart when the server started (microseconds): a restore or a failover changes it; 0 on H2
 */
record LogEnd(
        @Nullable String queueName,
        @Nullable String environment,
        long firstPosition,
        long lastPosition,
        long batchId,
        long settledId,
        @Nullable Long sampleId,
        @Nullable Long sampleXid,
        long deliveryNo,
        long delivered,
        long highestId,
        long xid,
        long oldestXid,
        long serverStart) {

    boolean endsWith(Checkpoint checkpoint) {
        return checkpoint.batchId() == batchId && checkpoint.position() == lastPosition;
    }

    /** Whether the sample is from another cluster's transaction: this database was dumped there, and restored here. */
    boolean sampleIsForeign() {
        return sampleXid != null && sampleXid > xid;
    }

    /** The sample, if every transaction that can have drawn an id up to it is over; 0 otherwise. */
    long settledSample() {
        return sampleId == null || sampleXid == null || sampleIsForeign() || oldestXid < sampleXid ? 0 : sampleId;
    }
}

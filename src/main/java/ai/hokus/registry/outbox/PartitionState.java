package ai.hokus.registry.outbox;

/** Whether a partition delivers; the column {@code state} of the view {@code outbox_status}. */
public enum PartitionState {
    RUNNING,
    /** An operator paused it; an operator resumes it. */
    PAUSED,
    /** Another copy of the database delivers to the same queue; an operator decides. */
    STOPPED
}

package ai.hokus.registry.outbox;

import java.util.Locale;

/** Whether a partition delivers; the column {@code outbox_partition.state}. */
public enum PartitionState {
    /** It delivers. */
    RUNNING,
    /** An operator stopped it; an operator resumes it. */
    PAUSED,
    /** Redis twice held a checkpoint that is not in this history; an operator decides. */
    DIVERGED;

    static PartitionState of(String column) {
        return valueOf(column.toUpperCase(Locale.ROOT));
    }

    String column() {
        return name().toLowerCase(Locale.ROOT);
    }
}

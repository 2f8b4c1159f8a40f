package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of an operator's wish. */
public sealed interface SteeringResult {

    /**
     * It was done, or would be, or there was nothing to do.
     *
     * @param executed whether anything was changed; false for a dry run, and where there was nothing to do
     * @param messages how many messages it concerns, or would
     * @param partitions which partitions it concerns, or would
     * @param detail what happened, or would, in words
     * @param operationId its row in {@code outbox_operation}; null: none was written
     */
    record Steered(
            boolean executed,
            long messages,
            List<Integer> partitions,
            String detail,
            @Nullable Long operationId) implements SteeringResult {
        public Steered {
            partitions = List.copyOf(partitions);
        }

        static Steered nothing(String detail) {
            return new Steered(false, 0, List.of(), detail, null);
        }

        static Steered would(long messages, List<Integer> partitions, String detail) {
            return new Steered(false, messages, partitions, detail, null);
        }
    }

    /** It cannot be done; nothing was changed. */
    record Refused(Reason reason, String detail) implements SteeringResult {

        /** Why not. */
        public enum Reason {
            /** There is no such partition or message. */
            NOT_FOUND,
            /** It contradicts what is, or was done before. */
            CONFLICT,
            /** More than one call may do. */
            TOO_MANY
        }
    }
}

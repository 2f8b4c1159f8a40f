package ai.hokus.registry.operations;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

sealed interface ActionResult {

    /**
     * It was done, or would be, or there was nothing to do. {@code executed}: false for a dry run, and where there was nothing
     * to do. {@code messages}, {@code partitions}: that it concerns, or would. {@code operationId}: its row in {@code
     * outbox_operation}; null: none was written.
     */
    record Completed(
            boolean executed,
            long messages,
            List<Integer> partitions,
            String detail,
            @Nullable Long operationId) implements ActionResult {

        static Completed nothing(String detail) {
            return new Completed(false, 0, List.of(), detail, null);
        }

        static Completed dryRun(long messages, List<Integer> partitions, String detail) {
            return new Completed(false, messages, partitions, "Dry run: " + detail, null);
        }

        Completed adding(String more) {
            return new Completed(executed, messages, partitions, detail + more, operationId);
        }
    }

    /** Nothing was changed. 404: no such partition or message; 409: it conflicts with what is; 422: too much for one call. */
    record Refused(HttpStatus status, String detail) implements ActionResult {

        static Refused notFound(String detail) {
            return new Refused(HttpStatus.NOT_FOUND, detail);
        }

        static Refused conflict(String detail) {
            return new Refused(HttpStatus.CONFLICT, detail);
        }
    }
}

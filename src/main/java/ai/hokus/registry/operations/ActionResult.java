package ai.hokus.registry.operations;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/** The result of an operator's request. */
sealed interface ActionResult {

    /**
     * It was done, or would be (a dry run), or there was nothing to do. The API shows it unchanged.
     *
     * @param executed whether anything was changed; false for a dry run, and where there was nothing to do
     * @param messages how many messages it concerns, or would
     * @param partitions which partitions it concerns, or would
     * @param detail what happened, or would, in words
     * @param operationId its row in {@code outbox_operation}; null: none was written
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

    /**
     * It cannot be done; nothing was changed.
     *
     * @param status 404: there is no such partition or message; 409: it conflicts with the present state, or with what was done
     *     before; 422: it is more than one call may do
     */
    record Refused(HttpStatus status, String detail) implements ActionResult {

        static Refused notFound(String detail) {
            return new Refused(HttpStatus.NOT_FOUND, detail);
        }

        static Refused conflict(String detail) {
            return new Refused(HttpStatus.CONFLICT, detail);
        }
    }
}

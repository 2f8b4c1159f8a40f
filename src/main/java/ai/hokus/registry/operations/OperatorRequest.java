package ai.hokus.registry.operations;

import org.jspecify.annotations.Nullable;

/** Who wants an operation, why, and how. {@code idempotencyKey} null: none was sent. */
record OperatorRequest(
        String by, String reason, boolean dryRun, @Nullable String idempotencyKey) {

    /** Length of {@code outbox_operation.reason}. */
    static final int MAX_REASON = 1000;

    /** Length of {@code outbox_operation.performed_by} and {@code idempotency_key}. */
    static final int MAX_KEY = 255;
}

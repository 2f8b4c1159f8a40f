package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.outbox.Outbox;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.GeneratedKeyHolder;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The table {@code outbox_operation}: records what operators did, so that a repeated request is not done twice. Thread-safe. If
 * the database fails, a {@link org.springframework.dao.DataAccessException} or a {@link
 * org.springframework.transaction.TransactionException} is thrown.
 */
@Component
record OperationLog(JdbcClient jdbc, TransactionTemplate transaction, Outbox outbox) {

    private static final String INSERT = """
            INSERT INTO outbox_operation
                (performed_by, operation, target, reason, message_count, message_id, idempotency_key)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """;

    private static final String ADD_MESSAGES =
            "UPDATE outbox_operation SET message_count = message_count + ? WHERE id = ?";

    private static final String BY_KEY = """
            SELECT id, performed_at, performed_by, operation, target, message_count FROM outbox_operation
            WHERE idempotency_key = ?
            """;

    private record Performed(
            long id, Instant performedAt, String performedBy, String operation, String target, long messageCount) {}

    /** What is done, and to what. {@code rest}: how to do the rest of what works in steps; null: it is one transaction. */
    record Action(
            OperatorRequest request,
            String operation,
            String target,
            @Nullable UUID messageId,
            @Nullable String rest) {

        static Action atOnce(OperatorRequest request, String operation, String target, @Nullable UUID messageId) {
            return new Action(request, operation, target, messageId, null);
        }
    }

    /**
     * Runs the steps in one transaction, unless the key was used before; they insert the row with {@link #perform} if there is
     * anything to change. What they did is on disk when this returns.
     */
    ActionResult once(Action action, Supplier<ActionResult> steps) {
        Optional<ActionResult> repeated = repetition(action);
        if (repeated.isPresent()) {
            return repeated.get();
        }
        try {
            ActionResult result = requireNonNull(transaction.execute(status -> steps.get()));
            if (result instanceof Completed completed && completed.executed()) {
                outbox.flush();
            }
            return result;
        } catch (DuplicateKeyException e) {
            // The same request came twice at the same time, and the other one was first.
            return repetition(action).orElseThrow(() -> e);
        }
    }

    /** The answer to a request whose key was used before; empty: it was not. Finds nothing when there is no key. */
    Optional<ActionResult> repetition(Action action) {
        String key = action.request().idempotencyKey();
        return key == null || action.request().dryRun()
                ? Optional.empty()
                : jdbc.sql(BY_KEY)
                        .param(key)
                        .query(Performed.class)
                        .optional()
                        .map(before -> repetition(action, before));
    }

    private static ActionResult repetition(Action action, Performed before) {
        if (!before.operation().equals(action.operation()) || !before.target().equals(action.target())) {
            return Refused.conflict("This Idempotency-Key was used at " + before.performedAt() + " for something else ("
                    + before.operation() + ", " + before.target() + "). Use a new one.");
        }
        String rest = action.rest();
        String detail = "This was " + (rest == null ? "done" : "begun") + " under the same Idempotency-Key at "
                + before.performedAt() + " by " + before.performedBy() + "; nothing was done again. Messages"
                + (rest == null ? ": " : " on record: ") + before.messageCount() + "."
                + (rest == null ? "" : " " + rest);
        return new Completed(false, before.messageCount(), List.of(), detail, before.id());
    }

    /** Makes the change and inserts its row, in the caller's transaction. A dry run only says {@code dryRunDetail}. */
    Completed perform(
            Action action,
            long messages,
            List<Integer> partitions,
            String dryRunDetail,
            String detail,
            Runnable change) {
        if (action.request().dryRun()) {
            return Completed.dryRun(messages, partitions, dryRunDetail);
        }
        change.run();
        return new Completed(true, messages, partitions, detail, insert(action, messages));
    }

    private long insert(Action action, long messages) {
        OperatorRequest request = action.request();
        GeneratedKeyHolder key = new GeneratedKeyHolder();
        jdbc.sql(INSERT)
                .param(request.by())
                .param(action.operation())
                .param(action.target())
                .param(request.reason())
                .param(messages)
                .param(action.messageId())
                .param(request.idempotencyKey())
                .update(key, "id");
        return requireNonNull(key.getKey()).longValue();
    }

    /** What was done outside the transaction that recorded it; the record already counts the messages. */
    record Done(long messages, String detail) {}

    /**
     * Records the operation, then runs its steps, which have transactions of their own and count their messages with {@link
     * #addMessages}. Does neither if the key was used before; a dry run only says {@code dryRunDetail}.
     */
    ActionResult runOutsideTransaction(
            Action action, long messages, List<Integer> partitions, String dryRunDetail, LongFunction<Done> steps) {
        if (action.request().dryRun()) {
            return Completed.dryRun(messages, partitions, dryRunDetail);
        }
        ActionResult begun = once(action, () -> new Completed(true, 0, partitions, "begun", insert(action, 0)));
        if (!(begun instanceof Completed recorded) || !recorded.executed() || recorded.operationId() == null) {
            return begun;
        }
        Done done = steps.apply(recorded.operationId());
        return new Completed(true, done.messages(), partitions, done.detail(), recorded.operationId());
    }

    void addMessages(long operationId, long messages) {
        jdbc.sql(ADD_MESSAGES).params(messages, operationId).update();
    }
}

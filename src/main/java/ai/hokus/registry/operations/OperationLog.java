package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.outbox.Outbox;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.GeneratedKeyHolder;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The table {@code outbox_operation}: what operators did, and that they did it once. Thread-safe. What is thrown when the
 * database fails is a {@link org.springframework.dao.DataAccessException} or a {@link
 * org.springframework.transaction.TransactionException}.
 */
@Component
class OperationLog {

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

    private final JdbcTemplate jdbc;
    private final TransactionTemplate transaction;
    private final Outbox outbox;

    OperationLog(JdbcTemplate jdbc, TransactionTemplate transaction, Outbox outbox) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.outbox = outbox;
    }

    private record Performed(long id, Instant at, String by, String operation, String target, long messages) {}

    /**
     * Runs the steps in one transaction, unless something was done under the request's key before. What they did is on disk when
     * this returns.
     *
     * @param steps end with {@link #record} if they change anything
     */
    ActionResult once(OperatorRequest request, String operation, String target, Supplier<ActionResult> steps) {
        ActionResult repeated = repetition(request, operation, target);
        if (repeated != null) {
            return repeated;
        }
        try {
            ActionResult result = requireNonNull(transaction.execute(status -> steps.get()));
            if (result instanceof Completed completed && completed.executed()) {
                outbox.flush();
            }
            return result;
        } catch (DuplicateKeyException e) {
            // The same request came twice at the same time, and the other one was first.
            ActionResult other = repetition(request, operation, target);
            if (other == null) {
                throw e;
            }
            return other;
        }
    }

    /** The answer to a request whose key was used before; null: it was not. */
    @Nullable
    ActionResult repetition(OperatorRequest request, String operation, String target) {
        String key = request.idempotencyKey();
        Performed before = key == null || request.dryRun() ? null : performed(key);
        if (before == null) {
            return null;
        }
        return before.operation().equals(operation) && before.target().equals(target)
                ? new Completed(
                        false,
                        before.messages(),
                        List.of(),
                        "This was done under the same Idempotency-Key at " + before.at() + " by " + before.by()
                                + "; nothing was done again. Messages: " + before.messages() + ".",
                        before.id())
                : Refused.conflict("This Idempotency-Key was used at " + before.at() + " for something else ("
                        + before.operation() + ", " + before.target() + "). Use a new one.");
    }

    private @Nullable Performed performed(String key) {
        return DataAccessUtils.singleResult(jdbc.query(
                BY_KEY,
                (row, n) -> new Performed(
                        row.getLong("id"),
                        row.getObject("performed_at", OffsetDateTime.class).toInstant(),
                        row.getString("performed_by"),
                        row.getString("operation"),
                        row.getString("target"),
                        row.getLong("message_count")),
                key));
    }

    /** Needs an open transaction: that of what was done. */
    Completed record(
            OperatorRequest request,
            String operation,
            String target,
            long messages,
            @Nullable UUID messageId,
            List<Integer> partitions,
            String detail) {
        GeneratedKeyHolder key = new GeneratedKeyHolder();
        JdbcClient.create(jdbc)
                .sql(INSERT)
                .params(Arrays.asList(
                        request.by(),
                        operation,
                        target,
                        request.reason(),
                        messages,
                        messageId,
                        request.idempotencyKey()))
                .update(key, "id");
        return new Completed(
                true, messages, partitions, detail, requireNonNull(key.getKey()).longValue());
    }

    /** What was done outside of the transaction that recorded it; the messages are in the record already. */
    record Done(long messages, String detail) {}

    /**
     * Runs steps that have transactions of their own, or none, after it is on record that they were begun; unless something was
     * done under the request's key before.
     *
     * @param steps take the record's id, and add to it what they have done with {@link #addMessages}
     */
    ActionResult aside(
            OperatorRequest request,
            String operation,
            String target,
            @Nullable UUID messageId,
            List<Integer> partitions,
            LongFunction<Done> steps) {
        ActionResult begun = once(
                request,
                operation,
                target,
                () -> record(request, operation, target, 0, messageId, partitions, "begun"));
        if (!(begun instanceof Completed recorded) || !recorded.executed() || recorded.operationId() == null) {
            return begun;
        }
        Done done = steps.apply(recorded.operationId());
        return new Completed(true, done.messages(), partitions, done.detail(), recorded.operationId());
    }

    /** One step of an operation is done: so many more messages. */
    void addMessages(long operationId, long messages) {
        jdbc.update(ADD_MESSAGES, messages, operationId);
    }
}

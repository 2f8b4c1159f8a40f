package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.TestOutbox;
import java.time.Duration;
import java.util.List;
import org.springframework.util.unit.DataSize;

/** Operators' actions on an outbox, put together without Spring. */
record TestOperations(OperatorActions actions, Resend resend, OutboxQueries queries, MessageListing listing) {

    static final OperatorRequest DO = new OperatorRequest("ada", "because", false, null);
    static final OperatorRequest DRY_RUN = new OperatorRequest("ada", "because", true, null);

    static TestOperations on(TestOutbox outbox, int maxResend, DataSize maxResendSize) {
        OperatorActionRepository repository = new OperatorActionRepository(outbox.jdbc());
        OperationLog log = new OperationLog(outbox.jdbc(), outbox.transaction(), outbox.outbox());
        return new TestOperations(
                new OperatorActions(repository, log, outbox.outbox(), outbox.purge()),
                new Resend(
                        new ResendRepository(outbox.jdbc()),
                        repository,
                        log,
                        outbox.outbox(),
                        outbox.transaction(),
                        new OperatorSettings(maxResend, maxResendSize, Duration.ZERO)),
                new OutboxQueries(outbox.jdbc()),
                new MessageListing(outbox.jdbc()));
    }

    static TestOperations on(TestOutbox outbox) {
        return on(outbox, 100, DataSize.ofMegabytes(1));
    }

    static OperatorRequest keyed(String idempotencyKey) {
        return new OperatorRequest("ada", "because", false, idempotencyKey);
    }

    /** What is on record. */
    static List<String> record(TestOutbox outbox) {
        return outbox.jdbc()
                .queryForList(
                        "SELECT performed_by || ' ' || operation || ' ' || target || ': ' || reason"
                                + " || ' (' || message_count || ')' FROM outbox_operation ORDER BY id",
                        String.class);
    }
}

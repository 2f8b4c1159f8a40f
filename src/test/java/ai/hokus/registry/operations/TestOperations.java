package ai.hokus.registry.operations;

import ai.hokus.registry.outbox.TestOutbox;
import java.time.Duration;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.util.unit.DataSize;

/** Operators' actions on an outbox, put together without Spring. */
record TestOperations(OperatorActions actions, Resend resend, OutboxQueries queries, MessageListing listing) {

    static final OperatorRequest DO = new OperatorRequest("ada", "because", false, null);
    static final OperatorRequest DRY_RUN = new OperatorRequest("ada", "because", true, null);

    static TestOperations on(TestOutbox outbox, int maxResend, DataSize maxResendSize) {
        JdbcClient jdbc = JdbcClient.create(outbox.jdbc());
        OperatorActionRepository repository = new OperatorActionRepository(jdbc);
        OperatorSettings settings = new OperatorSettings(maxResend, maxResendSize, Duration.ZERO);
        OperationLog log = new OperationLog(jdbc, outbox.transaction(), outbox.outbox());
        return new TestOperations(
                new OperatorActions(repository, log, outbox.outbox(), outbox.purge(), settings),
                new Resend(
                        new ResendRepository(jdbc), repository, log, outbox.outbox(), outbox.transaction(), settings),
                new OutboxQueries(jdbc),
                new MessageListing(jdbc));
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

package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.operations.OperationLog.Action;
import ai.hokus.registry.operations.ResendRepository.Delivered;
import ai.hokus.registry.outbox.Outbox;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Sends delivered messages again, as copies: new rows at the end with the same {@code message_id} and the next {@code copy_no},
 * in their old order, though registrations can come between. The operation is recorded first; then each step is a transaction
 * that adds to the record's {@code message_count}. So no relay, and on H2 no registration, waits for longer than a step, and
 * the record is right even if the process dies. Thread-safe; throws what {@link OperatorActions} throws.
 */
@Component
record Resend(
        ResendRepository repository,
        OperatorActionRepository partitions,
        OperationLog log,
        Outbox outbox,
        TransactionTemplate transaction,
        OperatorSettings limits) {

    /** A step of 500 messages, or 4 MB, takes about 50 ms. A message that is larger has a step of its own. */
    private static final int STEP_MESSAGES = 500;

    private static final long STEP_BYTES = 4L << 20;

    /** No filter leaves out the messages that have a copy, so only the operator can go on where it ended. */
    private static final String SEND_THE_REST =
            "They are the first ones that it selected, by partition and position. If it ended early, the same request with"
                    + " another key would send these again. Ask for what comes after them, by partition and from_position:"
                    + " GET /outbox/messages/{message_id} shows whether a message has its copy.";

    /** Sends one copy of each message that the filter selects, in their old order, however many copies of it were delivered. */
    ActionResult resend(ResendFilter filter, OperatorRequest request) {
        Action action = new Action(request, "resend", filter.describe(), null, SEND_THE_REST);
        return log.repetition(action).orElseGet(() -> resend(filter, action));
    }

    private ActionResult resend(ResendFilter filter, Action action) {
        List<Delivered> found = repository.find(filter, limits.maxResend());
        if (found.size() > limits.maxResend()) {
            return tooMany("more than " + limits.maxResend() + " messages, copies counted", "max-resend");
        }
        List<Delivered> messages = oncePerMessage(found);
        long bytes = messages.stream().mapToLong(Delivered::bytes).sum();
        if (bytes > limits.maxResendSize().toBytes()) {
            return tooMany("more than " + limits.maxResendSize().toMegabytes() + " MB", "max-resend-size");
        }
        if (messages.isEmpty()) {
            return Completed.nothing("No retained, delivered message matches: " + action.target() + ".");
        }
        List<Integer> numbers =
                messages.stream().map(Delivered::partition).distinct().toList();
        String copies = " sent again, as copies at the end, after later messages of their models."
                + OperatorActions.halted(partitions.partitions().stream()
                        .filter(row -> numbers.contains(row.partition()))
                        .toList());
        String dryRunDetail = messages.size() + " messages (" + (bytes + 1023) / 1024 + " KB) would be" + copies;
        return log.runOutsideTransaction(action, messages.size(), numbers, dryRunDetail, id -> {
            long copied = copyInSteps(messages, id);
            return new OperationLog.Done(copied, copied + " messages are" + copies);
        });
    }

    private static Refused tooMany(String found, String setting) {
        return new Refused(
                HttpStatus.UNPROCESSABLE_CONTENT,
                "This selects " + found + ". That is the limit of one call (registry.operations." + setting
                        + "). Narrow it by positions or times.");
    }

    private static List<Delivered> oncePerMessage(List<Delivered> found) {
        Set<UUID> seen = new HashSet<>();
        return found.stream().filter(message -> seen.add(message.message())).toList();
    }

    private long copyInSteps(List<Delivered> messages, long operationId) {
        long copied = 0;
        int start = 0;
        while (start < messages.size()) {
            int end = endOfStep(messages, start);
            copied += copy(messages.subList(start, end), operationId);
            start = end;
        }
        outbox.flush();
        return copied;
    }

    private int copy(List<Delivered> step, long operationId) {
        int partition = step.get(0).partition();
        List<Long> ids = step.stream().map(Delivered::id).toList();
        return requireNonNull(transaction.execute(status -> {
            partitions.lock(partition);
            int copies = outbox.addCopies(partition, ids);
            log.addMessages(operationId, copies);
            return copies;
        }));
    }

    private static int endOfStep(List<Delivered> messages, int start) {
        int partition = messages.get(start).partition();
        long bytes = messages.get(start).bytes();
        int end = start + 1;
        while (end < messages.size()
                && end - start < STEP_MESSAGES
                && messages.get(end).partition() == partition
                && bytes + messages.get(end).bytes() <= STEP_BYTES) {
            bytes += messages.get(end).bytes();
            end++;
        }
        return end;
    }
}

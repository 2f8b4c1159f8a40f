package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.PutBack;
import ai.hokus.registry.consumers.PutBack.Outcome;
import ai.hokus.registry.consumers.PutBack.Preview;
import ai.hokus.registry.consumers.PutBack.Selection;
import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.queue.ConsumerList;
import java.util.List;
import java.util.Locale;

/**
 * Puts what consumers left lying back into the queue. Its row in {@code outbox_operation} is written before Redis is asked, and
 * completed after, as for a purge: no transaction is open during a call of Redis. Thread-safe.
 */
class PutBackAction {

    private static final String OPERATION = "put_back";

    private final PutBack putBack;
    private final OperationLog log;

    PutBackAction(PutBack putBack, OperationLog log) {
        this.putBack = putBack;
        this.log = log;
    }

    /** @throws ai.hokus.registry.queue.QueueUnavailableException when Redis does not answer, or refuses */
    ActionResult putBack(Selection selection, OperatorRequest request) {
        String target = target(selection);
        ActionResult repeated = log.repetition(request, OPERATION, target);
        if (repeated != null) {
            return repeated;
        }
        if (!putBack.isPossible()) {
            return new Refused(Refused.Reason.CONFLICT, "No Redis is configured: there is nothing to put back.");
        }
        Preview preview = putBack.preview(selection);
        if (preview.limitation() != null) {
            return new Refused(Refused.Reason.CONFLICT, preview.limitation() + ".");
        }
        if (preview.selected() == 0) {
            return nothing(selection, preview);
        }
        if (request.dryRun()) {
            String list = name(selection.list());
            return Completed.dryRun(
                    preview.selected(),
                    List.of(),
                    elements(preview.selected()) + " of " + list + " would go back to the queue, to be taken next."
                            + warning(selection.list()) + staying(selection, preview));
        }
        return log.aside(request, OPERATION, target, selection.messageUuid(), List.of(), () -> execute(selection));
    }

    private OperationLog.Done execute(Selection selection) {
        Outcome outcome = putBack.execute(selection);
        String more = outcome.interrupted() == null ? "" : " " + outcome.interrupted() + " Ask again for the rest.";
        return new OperationLog.Done(
                outcome.moved(),
                elements(outcome.moved()) + " of " + name(selection.list())
                        + " went back to the queue, to be taken next." + more);
    }

    private static ActionResult nothing(Selection selection, Preview preview) {
        String list = name(selection.list());
        if (selection.messageId() == null) {
            return Completed.nothing("Nothing to put back from " + list + "." + staying(selection, preview));
        }
        if (preview.younger() > 0) {
            return new Refused(
                    Refused.Reason.CONFLICT,
                    "Message " + selection.messageId() + " has been seen in " + list + " for less than "
                            + selection.olderThan() + ". A consumer may be at work on it.");
        }
        return new Refused(
                Refused.Reason.NOT_FOUND,
                "There is no message " + selection.messageId() + " in " + list
                        + (preview.unseen() > 0 ? ", among the oldest elements of it." : ", or no longer."));
    }

    /** What an operator must know before it is done. */
    private static String warning(ConsumerList list) {
        return list == ConsumerList.PROCESSING
                ? " A consumer that is still at work on one does it twice, and the order of a model's messages is not kept."
                : " Their retry_count begins at 0 again. The order of a model's messages is not kept.";
    }

    private static String staying(Selection selection, Preview preview) {
        StringBuilder staying = new StringBuilder();
        if (preview.younger() > 0) {
            staying.append(" Stays, seen there for less than ")
                    .append(selection.olderThan())
                    .append(": ")
                    .append(elements(preview.younger()))
                    .append('.');
        }
        if (preview.unreadable() > 0) {
            staying.append(" Stays, since it is no message that can be read: ")
                    .append(elements(preview.unreadable()))
                    .append('.');
        }
        if (preview.unseen() > 0) {
            staying.append(" Beyond these, not looked at yet: ")
                    .append(elements(preview.unseen()))
                    .append('.');
        }
        return staying.toString();
    }

    private static String target(Selection selection) {
        return name(selection.list())
                + (selection.messageId() == null ? ": all" : ": message " + selection.messageId())
                + (selection.list() == ConsumerList.PROCESSING
                        ? ", seen there for " + selection.olderThan() + " or longer"
                        : "");
    }

    private static String elements(long count) {
        return count == 1 ? "1 element" : count + " elements";
    }

    private static String name(ConsumerList list) {
        return list.name().toLowerCase(Locale.ROOT);
    }
}

package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.PutBack;
import ai.hokus.registry.consumers.PutBack.Preview;
import ai.hokus.registry.consumers.PutBack.Selection;
import ai.hokus.registry.operations.ActionResult.Completed;
import ai.hokus.registry.operations.ActionResult.Refused;
import ai.hokus.registry.operations.OperationLog.Action;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.QueueUnavailableException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Puts elements of the consumers' lists back into the queue. Its row in {@code outbox_operation} is inserted before Redis is
 * called, with what is to go back, and corrected after if that was not all: no transaction is open during a call of Redis, and
 * a reply that is lost leaves no record of 0 messages. Thread-safe.
 */
@Component
record PutBackAction(PutBack putBack, OperationLog log) {

    private static final String PUT_BACK_THE_REST =
            "If Redis or the service failed meanwhile, they may have stayed. A request with another key, or with none, puts"
                    + " back what is in the list then.";

    /**
     * Puts back the elements of a message (null: all), from processing those seen there for {@code olderThan} (null: {@link
     * PutBack#stuckAfter}) or longer. Throws {@link QueueUnavailableException} when Redis does not answer, or refuses.
     */
    ActionResult putBack(
            ConsumerList list, @Nullable String messageId, @Nullable Duration olderThan, OperatorRequest request) {
        Selection selection = new Selection(list, messageId, olderThan == null ? putBack.stuckAfter() : olderThan);
        Action action = new Action(request, "put_back", target(selection), selection.messageUuid(), PUT_BACK_THE_REST);
        return log.repetition(action).orElseGet(() -> putBack(selection, action));
    }

    private ActionResult putBack(Selection selection, Action action) {
        Preview preview = putBack.preview(selection);
        if (preview.limitation() != null) {
            return Refused.conflict(preview.limitation() + ".");
        }
        if (preview.fitting().isEmpty()) {
            return nothing(selection, preview);
        }
        int count = preview.fitting().size();
        String dryRunDetail = elements(count) + " of " + name(selection.list())
                + " would go back to the queue, to be taken next." + warning(selection.list())
                + staying(selection, preview);
        return log.runOutsideTransaction(action, count, List.of(), dryRunDetail, id -> execute(selection, preview, id));
    }

    private OperationLog.Done execute(Selection selection, Preview preview, long operationId) {
        int count = preview.fitting().size();
        log.addMessages(operationId, count);
        long moved = count;
        try {
            moved = putBack.execute(selection.list(), preview.fitting());
        } catch (QueueUnavailableException e) {
            moved = PutBack.changedNothing(e.kind()) ? 0 : count;
            throw e;
        } finally {
            if (moved != count) {
                log.addMessages(operationId, moved - count);
            }
        }
        return new OperationLog.Done(
                moved,
                elements(moved) + " of " + name(selection.list()) + " went back to the queue, to be taken next."
                        + staying(
                                " Gone meanwhile, or left there because many were gone (then ask again): ",
                                count - moved)
                        + staying(selection, preview));
    }

    private static ActionResult nothing(Selection selection, Preview preview) {
        String list = name(selection.list());
        if (selection.messageId() == null) {
            return Completed.nothing("Nothing to put back from " + list + "." + staying(selection, preview));
        }
        if (preview.younger() > 0) {
            return Refused.conflict("Message " + selection.messageId() + " stays in " + list + ": "
                    + young(selection, preview) + ". A consumer may be at work on it.");
        }
        return Refused.notFound("There is no message " + selection.messageId() + " in " + list
                + (preview.unseen() > 0 ? ", among its oldest elements." : ", or no longer."));
    }

    /** What an operator must know before it is done. */
    private static String warning(ConsumerList list) {
        return list == ConsumerList.PROCESSING
                ? " If a consumer still works on one, it is processed twice. The order of a model's messages is not kept."
                : " Their retry_count begins at 0 again. The order of a model's messages is not kept.";
    }

    private static String staying(Selection selection, Preview preview) {
        if (selection.messageId() != null) {
            return "";
        }
        String next =
                (preview.fitting().isEmpty() ? "" : " Ask again for them, with another Idempotency-Key or with none.")
                        + (preview.unreadable() == 0
                                ? ""
                                : " The unreadable ones take their places: move those to the other end, as the runbook says.");
        return staying(" Left there, " + young(selection, preview) + ": ", preview.younger())
                + (preview.younger() > 0 ? " If no consumer is at work on them, use a shorter older_than." : "")
                + staying(" Left there, unreadable as a message: ", preview.unreadable())
                + staying(" Not looked at, beyond the oldest of the list: ", preview.unseen())
                + (preview.unseen() > 0 ? next : "");
    }

    private static String young(Selection selection, Preview preview) {
        return preview.agesUnknown() == null
                ? "seen for less than " + selection.olderThan()
                : "not known to be there for " + selection.olderThan() + ", because " + preview.agesUnknown();
    }

    private static String staying(String why, long count) {
        return count == 0 ? "" : why + elements(count) + ".";
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

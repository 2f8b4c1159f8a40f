package ai.hokus.registry.consumers;

import static java.util.Objects.requireNonNull;

import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.QueueSnapshot;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * Puts elements of the consumers' lists back into the queue, to be taken next, the oldest of them first: what fits of the
 * oldest 1,000, in one step. A second call's are taken before what is left of the first. Capacity does not apply, and
 * checkpoints, retention and the database are not touched. Calls Redis on the caller's thread. Thread-safe. Throws a {@link
 * QueueUnavailableException} if Redis fails.
 */
@Component
public class PutBack {

    /** Null: no Redis is configured. */
    private final @Nullable ConsumerLists lists;

    private final ListSampler sampler;
    private final ConsumerCache cache;

    PutBack(ObjectProvider<ConsumerLists> lists, ListSampler sampler, ConsumerCache cache) {
        this.lists = lists.getIfAvailable();
        this.sampler = sampler;
        this.cache = cache;
    }

    /** What to put back; {@code messageId} null: all. {@code olderThan} is for processing: dead letters may have any age. */
    public record Selection(ConsumerList list, @Nullable String messageId, Duration olderThan) {

        /** Null: all messages, or an id that is not a message's of this service. */
        public @Nullable UUID messageUuid() {
            return QueueElement.uuid(messageId).orElse(null);
        }
    }

    /**
     * What the list has. {@code fitting}: what may go back, the oldest first; {@code younger}: what fits but was not seen there
     * for long enough; {@code agesUnknown}: why it may be older than it seems; {@code unreadable}: what is no message, and
     * stays; {@code unseen}: what is beyond the 1,000 that are looked at; {@code limitation}: why nothing is known.
     */
    public record Preview(
            List<String> fitting,
            long younger,
            @Nullable String agesUnknown,
            long unreadable,
            long unseen,
            @Nullable String limitation) {}

    public Duration stuckAfter() {
        return sampler.stuckAfter();
    }

    /** What {@link #execute} would find. Changes nothing. */
    public Preview preview(Selection selection) {
        return lists == null
                ? new Preview(List.of(), 0, null, 0, 0, "No Redis is configured: there is nothing to put back")
                : preview(selection, lists.snapshot(List.of()));
    }

    /**
     * Puts back, in one step, what {@link #preview} found (at least one) and the list still has; returns how many. Their ages
     * begin anew, since a consumer may take them again before the next look, unless they stay.
     */
    public long execute(ConsumerList list, List<String> fitting) {
        List<String> replacements = fitting.stream()
                .map(text -> QueueElement.forConsumers(text, list))
                .toList();
        boolean stays = false;
        try {
            long moved = requireNonNull(lists).putBack(list, fitting, replacements);
            stays = fitting.size() - moved >= ConsumerLists.MAX_GONE;
            return moved;
        } catch (QueueUnavailableException e) {
            stays = changedNothing(e.kind());
            throw e;
        } finally {
            if (!stays) {
                sampler.putBack(list, fitting);
            }
        }
    }

    /**
     * Whether Redis itself refused; otherwise perhaps only its reply was lost. Has no default, so that a new cause does not
     * compile until it is added here.
     */
    public static boolean changedNothing(Cause cause) {
        return switch (cause) {
            case AUTHENTICATION, PERMISSION, NOT_READY, READ_ONLY, OUT_OF_MEMORY, WRONG_TYPE -> true;
            case UNREACHABLE, TIMEOUT, TLS, OTHER -> false;
        };
    }

    private Preview preview(Selection selection, QueueSnapshot snapshot) {
        QueueSnapshot.Listed list = snapshot.list(selection.list());
        List<String> fitting = new ArrayList<>();
        long younger = 0;
        long unreadable = 0;
        for (String text : list.oldestFirst()) {
            QueueElement element = QueueElement.of(text, selection.list());
            if (!element.readable()) {
                unreadable++;
            } else if (selection.messageId() == null || selection.messageId().equals(element.messageId())) {
                if (selection.list() == ConsumerList.PROCESSING
                        && sampler.processingAge(text).compareTo(selection.olderThan()) < 0) {
                    younger++;
                } else {
                    fitting.add(text);
                }
            }
        }
        long unseen = list.depth() - list.oldestFirst().size();
        String agesUnknown = cache.current().unavailableReason();
        return new Preview(fitting, younger, agesUnknown, unreadable, unseen, snapshot.limitation());
    }
}

package ai.hokus.registry.consumers;

import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.QueueSnapshot;
import ai.hokus.registry.queue.QueueUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Puts elements of the consumers' lists back into the queue, to be taken next. Each goes in one step; capacity does not apply, and
 * checkpoints, retention and the database are not touched. Of several the oldest is taken first.
 *
 * <p>Asks Redis, on the caller's thread. Thread-safe. What is thrown is a {@link
 * ai.hokus.registry.queue.QueueUnavailableException}; what was put back before stays so.
 */
public class PutBack {

    /** Calls of Redis begin no later than this: an operator waits for the answer. */
    private static final Duration MAX_DURATION = Duration.ofSeconds(10);

    private final @Nullable ConsumerLists lists;
    private final ElementTracker processing;
    private final Duration stuckAfter;

    /** @param lists null: no Redis is configured */
    PutBack(@Nullable ConsumerLists lists, ElementTracker processing, Duration stuckAfter) {
        this.lists = lists;
        this.processing = processing;
        this.stuckAfter = stuckAfter;
    }

    /**
     * What to put back.
     *
     * @param messageId only elements of this message; null: all
     * @param olderThan how long an element must have been seen in the list of what consumers work on; of the dead letters any age
     */
    public record Selection(ConsumerList list, @Nullable String messageId, Duration olderThan) {

        /** Null: all, or a message that is none of ours. */
        public @Nullable UUID messageUuid() {
            return QueueElement.uuid(messageId).orElse(null);
        }
    }

    /**
     * What the list has.
     *
     * @param selected elements that may go back
     * @param younger elements that fit and have not been seen there for long enough
     * @param unreadable elements that are no messages: they stay
     * @param unseen elements beyond the 1,000 that are looked at, of all kinds
     * @param limitation why the elements are not known; null: they are
     */
    public record Preview(
            long selected,
            long younger,
            long unreadable,
            long unseen,
            @Nullable String limitation) {}

    private record Candidates(List<String> oldestFirst, Preview preview) {}

    /** The age that counts as stuck. */
    public Duration stuckAfter() {
        return stuckAfter;
    }

    /** Whether there is a Redis. */
    public boolean isPossible() {
        return lists != null;
    }

    /** What {@link #execute} would find. Changes nothing. */
    public Preview preview(Selection selection) {
        return candidates(selection, lists().snapshot(List.of())).preview();
    }

    /**
     * What was done.
     *
     * @param moved elements that went back
     * @param interrupted why the rest, if there is one, did not; null: all that fitted did
     */
    public record Outcome(long moved, @Nullable String interrupted) {}

    /** Puts back what fits; dead letters that come meanwhile stay. */
    public Outcome execute(Selection selection) {
        long deadline = System.nanoTime() + MAX_DURATION.toNanos();
        QueueSnapshot snapshot = lists().snapshot(List.of());
        long left = snapshot.list(selection.list()).depth();
        long moved = 0;
        while (left > 0) {
            List<String> elements = candidates(selection, snapshot).oldestFirst();
            for (int i = elements.size() - 1; i >= 0; i--) { // what goes last is taken first
                if (System.nanoTime() - deadline > 0) {
                    return new Outcome(moved, "One call takes " + MAX_DURATION.toSeconds() + " s at most.");
                }
                try {
                    moved += move(selection.list(), elements.get(i)) ? 1 : 0;
                } catch (QueueUnavailableException e) {
                    if (moved == 0) {
                        throw e;
                    }
                    return new Outcome(moved, e.getMessage());
                }
            }
            left -= snapshot.list(selection.list()).oldestFirst().size();
            if (elements.isEmpty()) {
                break;
            }
            snapshot = lists().snapshot(List.of());
        }
        return new Outcome(moved, null);
    }

    private boolean move(ConsumerList list, String element) {
        return lists().putBack(list, element, QueueElement.forConsumers(element, list));
    }

    private Candidates candidates(Selection selection, QueueSnapshot snapshot) {
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
                        && processing.age(text).compareTo(selection.olderThan()) < 0) {
                    younger++;
                } else {
                    fitting.add(text);
                }
            }
        }
        return new Candidates(
                fitting,
                new Preview(
                        fitting.size(),
                        younger,
                        unreadable,
                        list.depth() - list.oldestFirst().size(),
                        snapshot.limitation()));
    }

    private ConsumerLists lists() {
        if (lists == null) {
            throw new IllegalStateException("ask isPossible first");
        }
        return lists;
    }
}

package ai.hokus.registry.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of an append. Except for {@link Appended}, nothing was changed. */
public sealed interface AppendResult {

    /**
     * All of it is in the queue.
     *
     * @param depth elements in the queue now
     * @param warnings what failed after the append had happened (trimming, notifications); never a reason to retry
     */
    record Appended(long depth, List<String> warnings) implements AppendResult {}

    /**
     * Another checkpoint than the expected one is the newest.
     *
     * @param newest null: there is none
     */
    record Stale(@Nullable String newest) implements AppendResult {}

    /**
     * The batch does not fit under the queue's capacity.
     *
     * @param room how many elements would fit, 0 or more
     * @param depth elements in the queue now
     */
    record Full(long room, long depth) implements AppendResult {}

    /**
     * The queue refused the elements of this batch. An error that concerns the queue as a whole is a
     * {@link QueueUnavailableException} instead.
     *
     * @param error in the queue's own words
     */
    record Refused(String error) implements AppendResult {}
}

package ai.hokus.registry.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of an append. Except for {@link Appended}, nothing was changed. */
public sealed interface AppendResult {

    /** The warnings say what failed after the append had happened (trimming, notifications); never a reason to retry. */
    record Appended(long depth, List<String> warnings) implements AppendResult {}

    /** Another checkpoint than the expected one is the newest; null: there is none. */
    record Stale(@Nullable String newest) implements AppendResult {}

    /** The batch does not fit under the queue's capacity; {@code remainingCapacity}: how many elements would. */
    record Full(long remainingCapacity, long depth) implements AppendResult {}

    /** The queue refused these elements. An error that concerns the whole queue is a {@link QueueUnavailableException} instead. */
    record Refused(String error) implements AppendResult {}
}

package ai.hokus.registry.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A batch to append.
 *
 * @param expected the checkpoint that must be the newest; null: there must be none
 * @param checkpoint the checkpoint that becomes the newest
 * @param entries in order, the first to be consumed first; none: the checkpoint moves past something that is not sent
 */
public record Append(@Nullable String expected, String checkpoint, List<QueueEntry> entries) {

    public Append {
        entries = List.copyOf(entries);
    }
}

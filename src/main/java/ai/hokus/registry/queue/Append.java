package ai.hokus.registry.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A batch to append.
 *
 * @param expected the checkpoint that must be the newest; null: there must be none
 * @param milestone whether the checkpoint is also kept as a milestone, long after newer ones have pushed it out
 * @param entries in order, the first to be consumed first, at most {@link #MAX_ENTRIES}; none: only the checkpoint moves
 */
public record Append(@Nullable String expected, String checkpoint, boolean milestone, List<QueueEntry> entries) {

    /** Maximum number of entries in one append. The script pushes them in one command, and Redis' Lua passes at most 7,999 values. */
    public static final int MAX_ENTRIES = 5_000;

    public Append {
        entries = List.copyOf(entries);
        if (entries.size() > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    "An append of " + entries.size() + " entries; at most " + MAX_ENTRIES + " fit into one");
        }
        if (checkpoint.isBlank() || (expected != null && expected.isBlank())) {
            throw new IllegalArgumentException("A checkpoint must not be blank");
        }
    }
}

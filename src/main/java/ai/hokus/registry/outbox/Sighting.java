package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints that were seen in the queue.
 *
 * @param newestFirst as the queue had them
 * @param complete whether these are all it has; false: only the newest
 */
public record Sighting(List<String> newestFirst, boolean complete) {

    public Sighting {
        newestFirst = List.copyOf(newestFirst);
    }

    /** Only the newest; null: there is none. */
    public static Sighting newest(@Nullable String checkpoint) {
        return checkpoint == null ? new Sighting(List.of(), true) : new Sighting(List.of(checkpoint), false);
    }

    /** The newest; null: there is none. */
    public @Nullable String newest() {
        return newestFirst.isEmpty() ? null : newestFirst.get(0);
    }
}

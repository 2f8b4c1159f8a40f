package ai.hokus.registry.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the queue remembers of a producer, and how full it is.
 *
 * @param newestFirst the newest checkpoints without a gap
 * @param milestones the checkpoints that are kept longer, the newest first
 * @param depth elements in the queue, of all producers
 */
public record Checkpoints(List<String> newestFirst, List<String> milestones, long depth) {

    public Checkpoints {
        newestFirst = List.copyOf(newestFirst);
        milestones = List.copyOf(milestones);
    }

    public @Nullable String newest() {
        return newestFirst.isEmpty() ? null : newestFirst.get(0);
    }
}

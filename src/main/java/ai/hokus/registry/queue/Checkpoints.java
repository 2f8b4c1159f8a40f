package ai.hokus.registry.queue;

import java.util.List;

/**
 * What the queue remembers of a producer, and how full it is.
 *
 * @param newestFirst the newest checkpoints without a gap; empty when nothing was ever appended, or all of it was forgotten
 * @param milestones those appends' checkpoints that were to be kept longer, the newest first
 * @param depth elements in the queue, of all producers
 */
public record Checkpoints(List<String> newestFirst, List<String> milestones, long depth) {

    public Checkpoints {
        newestFirst = List.copyOf(newestFirst);
        milestones = List.copyOf(milestones);
    }
}

package ai.hokus.registry.queue;

import java.util.List;

/**
 * What the queue remembers of a source, and how full it is.
 *
 * @param newestFirst empty when nothing was ever appended, or all of it was forgotten
 * @param depth elements in the queue, of all sources
 */
public record Checkpoints(List<String> newestFirst, long depth) {

    public Checkpoints {
        newestFirst = List.copyOf(newestFirst);
    }
}

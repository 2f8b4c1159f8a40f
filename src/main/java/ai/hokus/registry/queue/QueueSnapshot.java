package ai.hokus.registry.queue;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the queue and its lists held at one moment.
 *
 * @param newestCheckpoints of the producers that have one
 * @param limitation why the lists' elements are not known, and their depths are not of the same moment; null: they are
 */
public record QueueSnapshot(
        long depth,
        Listed processing,
        Listed dlq,
        Map<ProducerId, String> newestCheckpoints,
        @Nullable String limitation) {

    public QueueSnapshot {
        newestCheckpoints = Map.copyOf(newestCheckpoints);
    }

    public Listed list(ConsumerList list) {
        return list == ConsumerList.PROCESSING ? processing : dlq;
    }

    /** The number of all elements, and those that were looked at ({@link ConsumerLists#MAX_ELEMENTS}). */
    public record Listed(long depth, List<String> oldestFirst) {
        public Listed {
            oldestFirst = List.copyOf(oldestFirst);
        }
    }
}

package ai.hokus.registry.outbox;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints that a relay saw in the queue.
 *
 * @param newestFirst the newest ones, without a gap between them
 * @param older a selection of those before them, the newest first
 * @param complete whether these are all that the queue has; false: only the newest was asked for
 */
public record ObservedCheckpoints(List<String> newestFirst, List<String> older, boolean complete) {

    public ObservedCheckpoints {
        newestFirst = List.copyOf(newestFirst);
        older = List.copyOf(older);
    }

    /** Null: the queue has none. */
    public static ObservedCheckpoints newest(@Nullable String checkpoint) {
        return checkpoint == null
                ? new ObservedCheckpoints(List.of(), List.of(), true)
                : new ObservedCheckpoints(List.of(checkpoint), List.of(), false);
    }

    public @Nullable String newest() {
        return newestFirst.isEmpty() ? null : newestFirst.get(0);
    }

    Stream<Checkpoint> readable() {
        return Stream.concat(newestFirst.stream(), older.stream())
                .flatMap(text -> Stream.ofNullable(Checkpoint.parse(text)));
    }
}

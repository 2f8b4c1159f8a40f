package ai.hokus.registry.consumers;

import ai.hokus.registry.outbox.Checkpoint;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Remembers up to which position consumers had taken each partition's messages, and when that was first seen. Written by one thread,
 * read by any.
 */
@Component
final class TakenPositions {

    /** With a look every 5 s, a day of steady traffic. */
    private static final int MAX_TIMES = 20_000;

    private final Map<Integer, Partition> partitions = new ConcurrentHashMap<>();

    void saw(int partition, TakenMessages.Seen seen, Instant at) {
        partitions.computeIfAbsent(partition, n -> new Partition()).saw(seen, at);
    }

    /**
     * What was seen when the queue had come furthest in this partition. After a loss, this is the last look before it, until
     * the queue has come as far again. Null: nothing was seen.
     */
    TakenMessages.@Nullable Seen furthest(int partition) {
        Partition known = partitions.get(partition);
        return known == null ? null : known.furthest;
    }

    /**
     * Whether the message at this position has been taken and not put back, by the last look. Null: that is not known. What was
     * put back can be any message that was taken before, and hides that as many of those in the queue were taken; what waits at
     * the first look may have been put back; and elements of several partitions cannot be told apart.
     */
    @Nullable
    Boolean taken(int partition, long position) {
        Partition known = partitions.get(partition);
        Boolean taken = known == null ? null : known.taken(position);
        return (Boolean.FALSE.equals(taken) && partitions.size() > 1) ? null : taken;
    }

    /** When the message at this position was first seen to have been taken; null: that is not known. */
    @Nullable
    Instant takenAt(int partition, long position) {
        Partition known = partitions.get(partition);
        return known == null ? null : known.takenAt(position);
    }

    private static final class Partition {

        private volatile TakenMessages.@Nullable Seen furthest;

        /** When everything up to a position was first seen as taken; guarded by itself. The first entry may be too late. */
        private final TreeMap<Long, Instant> times = new TreeMap<>();

        /** Guarded by {@code times}. */
        private TakenMessages.@Nullable Seen last;

        /** Up to here the queue may have had what was put back, and more was taken than was seen; guarded by {@code times}. */
        private long uncertainUpTo;

        void saw(TakenMessages.Seen seen, Instant at) {
            Checkpoint newest = seen.newest();
            TakenMessages.Seen before = furthest;
            if (before == null
                    || before.newest().historyId() != newest.historyId()
                    || newest.position() >= before.newest().position()) {
                furthest = seen;
            }
            synchronized (times) {
                if (last == null
                        || last.newest().historyId() != newest.historyId()
                        || newest.position() < last.newest().position()) {
                    times.clear();
                }
                if (times.isEmpty() || seen.takenPosition() < times.lastKey()) {
                    uncertainUpTo = newest.position();
                }
                last = seen;
                if (times.isEmpty() || seen.takenPosition() > times.lastKey()) {
                    times.put(seen.takenPosition(), at);
                }
                if (times.size() > MAX_TIMES) {
                    times.pollFirstEntry();
                }
            }
        }

        @Nullable
        Boolean taken(long position) {
            synchronized (times) {
                if (last == null || position > last.newest().position()) {
                    return null;
                }
                long highest = times.lastKey();
                if (position > highest) {
                    return position > uncertainUpTo ? Boolean.FALSE : null;
                }
                return last.takenPosition() < highest ? null : Boolean.TRUE;
            }
        }

        @Nullable
        Instant takenAt(long position) {
            synchronized (times) {
                Map.Entry<Long, Instant> entry = times.ceilingEntry(position);
                return entry == null || entry.getKey().equals(times.firstKey()) ? null : entry.getValue();
            }
        }
    }
}

package ai.hokus.registry.outbox;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/** A set of ids as ascending ranges that do not touch. Immutable. */
final class IdRanges {

    static final IdRanges EMPTY = new IdRanges(new long[0]);

    /** Lower and upper bound of each range in turn, both included. */
    private final long[] bounds;

    private IdRanges(long[] bounds) {
        this.bounds = bounds;
    }

    /** Ids above {@code after}, up to {@code upTo}. */
    static IdRanges between(long after, long upTo) {
        return after < upTo ? new IdRanges(new long[] {after + 1, upTo}) : EMPTY;
    }

    boolean isEmpty() {
        return bounds.length == 0;
    }

    int size() {
        return bounds.length / 2;
    }

    /** With the ids above {@code after}, up to {@code upTo}; this set has none of them. */
    IdRanges plus(long after, long upTo) {
        if (after >= upTo) {
            return this;
        }
        boolean continues = !isEmpty() && last() == after;
        long[] more = Arrays.copyOf(bounds, continues ? bounds.length : bounds.length + 2);
        if (!continues) {
            more[bounds.length] = after + 1;
        }
        more[more.length - 1] = upTo;
        return new IdRanges(more);
    }

    IdRanges above(long id) {
        int first = 0;
        while (first < bounds.length && bounds[first + 1] <= id) {
            first += 2;
        }
        if (first == 0 && (isEmpty() || bounds[0] > id)) {
            return this;
        }
        long[] rest = Arrays.copyOfRange(bounds, first, bounds.length);
        if (rest.length > 0) {
            rest[0] = Math.max(rest[0], id + 1);
        }
        return new IdRanges(rest);
    }

    /** @param ids ascending */
    IdRanges minus(long[] ids) {
        if (isEmpty() || ids.length == 0) {
            return this;
        }
        long[] left = new long[bounds.length + 2 * ids.length];
        int count = 0;
        int next = 0;
        for (int i = 0; i < bounds.length; i += 2) {
            long from = bounds[i];
            long to = bounds[i + 1];
            while (next < ids.length && ids[next] < from) {
                next++;
            }
            while (next < ids.length && ids[next] <= to) {
                if (from < ids[next]) {
                    left[count++] = from;
                    left[count++] = ids[next] - 1;
                }
                from = ids[next] + 1;
                next++;
            }
            if (from <= to) {
                left[count++] = from;
                left[count++] = to;
            }
        }
        return new IdRanges(Arrays.copyOf(left, count));
    }

    IdRanges first(int max) {
        return size() <= max ? this : new IdRanges(Arrays.copyOf(bounds, 2 * max));
    }

    /** At most {@code max} ranges in a row, from a random one. */
    IdRanges some(int max) {
        if (size() <= max) {
            return this;
        }
        int first = ThreadLocalRandom.current().nextInt(size() - max + 1);
        return new IdRanges(Arrays.copyOfRange(bounds, 2 * first, 2 * (first + max)));
    }

    long last() {
        return bounds[bounds.length - 1];
    }

    long lowest() {
        return bounds[0];
    }

    long[] from() {
        return every(0);
    }

    long[] to() {
        return every(1);
    }

    private long[] every(int offset) {
        return IntStream.range(0, size()).mapToLong(i -> bounds[2 * i + offset]).toArray();
    }

    @Override
    public String toString() {
        return Arrays.toString(bounds);
    }
}

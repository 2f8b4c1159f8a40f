package ai.hokus.registry.benchmark;

import java.util.Arrays;
import java.util.Collection;

/** Response times, all of them kept. Not thread-safe. */
final class Latencies {

    private long[] nanos = new long[1024];
    private int size;

    static Latencies of(Collection<Latencies> parts) {
        Latencies all = new Latencies();
        all.nanos = parts.stream()
                .flatMapToLong(part -> Arrays.stream(part.nanos, 0, part.size))
                .sorted()
                .toArray();
        all.size = all.nanos.length;
        return all;
    }

    void add(long value) {
        if (size == nanos.length) {
            nanos = Arrays.copyOf(nanos, size * 2);
        }
        nanos[size++] = value;
    }

    int count() {
        return size;
    }

    /**
     * Needs {@link #of}, which sorts.
     *
     * @param quantile 0.5 is the median
     */
    double millis(double quantile) {
        return nanos[(int) Math.min(size - 1, Math.floor(size * quantile))] / 1e6;
    }
}

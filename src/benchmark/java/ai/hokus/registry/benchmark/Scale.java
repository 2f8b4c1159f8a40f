package ai.hokus.registry.benchmark;

import java.time.Duration;

/** How long benchmarks take: shorter with {@code -Dbenchmark.rounds=1 -Dbenchmark.seconds=2}, to see that they work. */
final class Scale {

    private Scale() {}

    static boolean shortened() {
        return System.getProperty("benchmark.rounds") != null || System.getProperty("benchmark.seconds") != null;
    }

    static int rounds(int usual) {
        return Integer.getInteger("benchmark.rounds", usual);
    }

    /** Of one measurement, one warm-up or one pause. */
    static Duration seconds(int usual) {
        return Duration.ofSeconds(Integer.getInteger("benchmark.seconds", usual));
    }
}

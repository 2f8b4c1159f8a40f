package ai.hokus.registry.benchmark;

import java.time.Duration;

/**
 * How long benchmarks take. {@code -Dbenchmark.rounds=1} runs fewer rounds; {@code -Dbenchmark.seconds=2} is too short for
 * figures and only shows that they work. {@code -Dbenchmark.peers.only=modulith} leaves out other libraries.
 */
public final class Scale {

    private Scale() {}

    /** Whether what is measured does not belong into the document: for too short a time, or some libraries only. */
    static boolean printsOnly() {
        return System.getProperty("benchmark.seconds") != null || System.getProperty("benchmark.peers.only") != null;
    }

    public static int rounds(int usual) {
        return Integer.getInteger("benchmark.rounds", usual);
    }

    /** Of one measurement, one warm-up or one pause. */
    static Duration seconds(int usual) {
        return Duration.ofSeconds(Integer.getInteger("benchmark.seconds", usual));
    }
}

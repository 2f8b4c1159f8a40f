package ai.hokus.registry.support;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition, not for the clock. */
public final class Eventually {

    /** So long that only something that will never happen takes longer, on however busy a machine. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private static final long BETWEEN_LOOKS_NANOS = 5_000_000;

    private Eventually() {}

    /** Returns when the condition holds. */
    public static void await(String what, BooleanSupplier condition) {
        await(what, condition, () -> "");
    }

    /**
     * Returns when the condition holds.
     *
     * @param circumstances what to say beside it when it never does
     */
    public static void await(String what, BooleanSupplier condition, Supplier<Object> circumstances) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("never happened: " + what + " " + circumstances.get());
            }
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        }
    }
}

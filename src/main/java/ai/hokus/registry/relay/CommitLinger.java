package ai.hokus.registry.relay;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Lingers while commits keep coming. Belongs to one pass, and is confined to its thread. */
final class CommitLinger implements LingerPolicy {

    /** How long a pass keeps the lock after the last message; messages closer together than this share one pass. */
    private static final Duration LINGER = Duration.ofMillis(200);

    /**
     * How much each message of a batch, except the first, adds to the wait before the next one: a claim and an append cost
     * about the same for ten messages as for one.
     */
    private static final Duration DELAY_PER_MESSAGE = Duration.ofNanos(250_000);

    private static final Duration MAX_BATCHING_DELAY = Duration.ofMillis(25);

    /** How often a lingering pass looks for what other instances committed. */
    private static final Duration LOOK_INTERVAL = Duration.ofMillis(10);

    private final Predicate<Duration> awaitCommit;
    private final Consumer<Duration> awaitStop;
    private long endsAt = System.nanoTime();
    private int lastBatch;

    /** @param awaitCommit returns whether there was a commit before the time was over */
    CommitLinger(Predicate<Duration> awaitCommit, Consumer<Duration> awaitStop) {
        this.awaitCommit = awaitCommit;
        this.awaitStop = awaitStop;
    }

    @Override
    public void onClaimed(int messages) {
        endsAt = System.nanoTime() + LINGER.toNanos();
        lastBatch = messages;
    }

    @Override
    public boolean shouldLinger() {
        return System.nanoTime() - endsAt < 0;
    }

    @Override
    public boolean awaitCommit() {
        awaitStop.accept(batchingDelay(lastBatch));
        lastBatch = 0;
        return awaitCommit.test(LOOK_INTERVAL);
    }

    static Duration batchingDelay(int batch) {
        Duration delay = DELAY_PER_MESSAGE.multipliedBy(Math.max(0, batch - 1));
        return delay.compareTo(MAX_BATCHING_DELAY) > 0 ? MAX_BATCHING_DELAY : delay;
    }
}

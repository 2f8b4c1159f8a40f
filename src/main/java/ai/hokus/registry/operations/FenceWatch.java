package ai.hokus.registry.operations;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Waits until a pause is fenced. A relay, of whichever instance, fences it with its next pass over the partition: from then on no
 * append can succeed, not even one that was under way when the pause was stored. Thread-safe.
 */
@Component
class FenceWatch {

    private static final Duration POLL_INTERVAL = Duration.ofMillis(50);

    private final OperatorActionRepository repository;
    private final Duration timeout;

    FenceWatch(OperatorActionRepository repository, OperatorSettings settings) {
        this.repository = repository;
        this.timeout = settings.fenceTimeout();
    }

    /** Returns false when the time is over, or this thread is interrupted. A partition that is null means all. */
    boolean await(@Nullable Integer partition) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!repository.fenced(partition)) {
            if (System.nanoTime() - deadline >= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(POLL_INTERVAL.toNanos());
        }
        return true;
    }
}

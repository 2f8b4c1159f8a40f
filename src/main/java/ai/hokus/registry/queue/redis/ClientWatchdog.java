package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Suspects the client library when calls keep failing: it may have lost its way to a Redis that answers others. Says when
 * it is time to try a new client; whoever asks does the trying. Thread-safe.
 */
final class ClientWatchdog {

    /** Failures in a row, and the time they span, before the client is suspected: an outage looks the same at first. */
    private static final int SUSPICIOUS_FAILURES = 3;

    private static final Duration SUSPICIOUS_TIME = Duration.ofSeconds(10);

    /** Between two tries; each makes a client's threads and connections, and drops them if Redis does not answer. */
    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(15);

    private int failures;
    private @Nullable Instant firstFailure;
    private Instant nextTry = Instant.MIN;

    /** A call was answered. Returns whether calls had failed before. */
    synchronized boolean succeeded() {
        boolean recovered = failures > 0;
        failures = 0;
        firstFailure = null;
        return recovered;
    }

    /** A call failed. Returns whether a new client should be tried now. */
    synchronized boolean failed(Cause cause, Instant now) {
        if (isRedisOwnWord(cause)) {
            // It answers: the client has found it.
            succeeded();
            return false;
        }
        failures++;
        if (firstFailure == null) {
            firstFailure = now;
        }
        boolean suspicious = failures >= SUSPICIOUS_FAILURES && !now.isBefore(firstFailure.plus(SUSPICIOUS_TIME));
        if (!suspicious || now.isBefore(nextTry)) {
            return false;
        }
        nextTry = now.plus(BETWEEN_TRIES);
        return true;
    }

    private static boolean isRedisOwnWord(Cause cause) {
        return switch (cause) {
            case UNREACHABLE, TIMEOUT, TLS, OTHER -> false;
            case AUTHENTICATION, PERMISSION, NOT_READY, READ_ONLY, OUT_OF_MEMORY, WRONG_TYPE -> true;
        };
    }
}

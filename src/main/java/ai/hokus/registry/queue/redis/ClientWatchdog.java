package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Suspects the client when calls keep failing: the library may no longer reach a Redis that answers other clients, or its
 * connections may stay with a node that was demoted, while the address leads to another one. Says when to try a new client; the
 * caller does that, and keeps the old one unless the new one does better. Thread-safe.
 */
final class ClientWatchdog {

    /** Failures in a row, and the time they span, before the client is suspected: an outage looks the same at first. */
    private static final int SUSPICIOUS_FAILURES = 3;

    private static final Duration SUSPICIOUS_TIME = Duration.ofSeconds(10);

    private static final Duration BETWEEN_TRIES = Duration.ofSeconds(15);

    private final LongSupplier nanoTime;
    private boolean answered;
    private int failures;
    private long firstFailure;
    private long lastTry;
    private boolean tried;

    /** @param nanoTime as {@link System#nanoTime}: setting the machine's clock must not end or prolong a wait */
    ClientWatchdog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Returns whether it was the first one, or calls had failed before. */
    synchronized boolean succeeded() {
        boolean news = !answered || failures > 0;
        answered = true;
        failures = 0;
        return news;
    }

    /** Returns whether a new client should be tried now. */
    synchronized boolean failed(Cause cause) {
        if (!mayBeTheConnections(cause)) {
            failures = 0;
            return false;
        }
        long now = nanoTime.getAsLong();
        if (failures++ == 0) {
            firstFailure = now;
        }
        boolean suspicious = failures >= SUSPICIOUS_FAILURES && now - firstFailure >= SUSPICIOUS_TIME.toNanos();
        if (!suspicious || (tried && now - lastTry < BETWEEN_TRIES.toNanos())) {
            return false;
        }
        tried = true;
        lastTry = now;
        return true;
    }

    /**
     * Whether a new connection may fare better. A failover behind a proxy or a virtual IP leaves the old ones open, at a node
     * that is a replica now ({@code READONLY}, {@code MASTERDOWN}) or a primary that was cut off ({@code NOREPLICAS}).
     */
    private static boolean mayBeTheConnections(Cause cause) {
        return switch (cause) {
            case UNREACHABLE, TIMEOUT, TLS, NOT_READY, READ_ONLY, OTHER -> true;
            case AUTHENTICATION, PERMISSION, OUT_OF_MEMORY, WRONG_TYPE -> false;
        };
    }
}

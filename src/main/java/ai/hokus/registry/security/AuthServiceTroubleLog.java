package ai.hokus.registry.security;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts every trouble with the auth service, remembers the last, and logs one line of each kind a minute. Thread-safe. */
final class AuthServiceTroubleLog {

    private static final Logger log = LoggerFactory.getLogger(AuthServiceTroubleLog.class);

    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    private final AuthServiceMeters meters;
    private final AuthServiceWatch watch;
    private final Clock steadyClock;
    private final Map<AuthServiceTrouble, Instant> nextLine = new EnumMap<>(AuthServiceTrouble.class);

    AuthServiceTroubleLog(AuthServiceMeters meters, AuthServiceWatch watch, Clock steadyClock) {
        this.meters = meters;
        this.watch = watch;
        this.steadyClock = steadyClock;
    }

    /** @param what a clause about "it", the service, that quotes neither a key nor an answer */
    void report(AuthServiceTrouble trouble, String what) {
        meters.failed(trouble);
        watch.failed(what);
        if (isDue(trouble)) {
            log.warn(
                    "The auth service gave no verdict on a key: {}. Keys that it accepted lately go on working, others are"
                            + " answered with {}. This is said once a minute at most.",
                    what,
                    trouble == AuthServiceTrouble.THROTTLED ? 429 : 503);
        }
    }

    private synchronized boolean isDue(AuthServiceTrouble trouble) {
        Instant now = steadyClock.instant();
        Instant next = nextLine.get(trouble);
        if (next != null && now.isBefore(next)) {
            return false;
        }
        nextLine.put(trouble, now.plus(LOG_INTERVAL));
        return true;
    }
}

package ai.hokus.registry.status;

import ai.hokus.registry.outbox.AppendedMessage;
import ai.hokus.registry.outbox.CommitListener;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * While Redis is away, one line in the log per accepted registration, so that nobody wonders where its event is. At most
 * {@value #LINES_PER_SECOND} a second; the rest is summed up, so that an outage under load does not fill a disk. The
 * payload only at debug.
 *
 * <p>Thread-safe.
 */
@Component
class OutageLog implements CommitListener {

    static final int LINES_PER_SECOND = 10;

    private static final Logger log = LoggerFactory.getLogger(OutageLog.class);
    private static final Duration WINDOW = Duration.ofSeconds(1);

    private final StatusCache cache;
    private final Clock clock;

    private Instant windowEnds = Instant.MIN; // guarded by this
    private int linesInWindow; // guarded by this
    private long unwritten; // guarded by this

    /** Whether {@link #unwritten} is not 0, for those who want no lock. */
    private volatile boolean anyUnwritten;

    OutageLog(StatusCache cache, @Qualifier("steadyClock") Clock clock) {
        this.cache = cache;
        this.clock = clock;
    }

    @Override
    public void committed(AppendedMessage appended) {
        if (!cache.redisIsAway()) {
            outageIsOver();
            return;
        }
        long summedUp;
        synchronized (this) {
            Instant now = clock.instant();
            if (!now.isBefore(windowEnds)) {
                windowEnds = now.plus(WINDOW);
                linesInWindow = 0;
            }
            if (linesInWindow == LINES_PER_SECOND) {
                unwritten++;
                anyUnwritten = true;
                return;
            }
            linesInWindow++;
            summedUp = unwritten;
            forgetUnwritten();
        }
        write(appended, summedUp);
    }

    /** What the next outage sums up is its own. */
    private void outageIsOver() {
        if (!anyUnwritten) {
            return;
        }
        long summedUp;
        synchronized (this) {
            summedUp = unwritten;
            forgetUnwritten();
        }
        if (summedUp > 0) {
            log.atInfo()
                    .addKeyValue("messages", summedUp)
                    .log("{} more messages waited in the outbox that no line was written for; Redis is back", summedUp);
        }
    }

    /** The caller has the lock. */
    private void forgetUnwritten() {
        unwritten = 0;
        anyUnwritten = false;
    }

    private void write(AppendedMessage appended, long summedUp) {
        long backlog = cache.current().pending();
        if (summedUp > 0) {
            log.atInfo()
                    .addKeyValue("messages", summedUp)
                    .addKeyValue("backlog", backlog)
                    .log(
                            "{} more messages wait in the outbox that no line was written for; backlog {}",
                            summedUp,
                            backlog);
        }
        log.atInfo()
                .addKeyValue("message_id", appended.message().messageId())
                .addKeyValue("model", appended.message().key())
                .addKeyValue("partition", appended.partition())
                .addKeyValue("backlog", backlog)
                .log(
                        "message {} of model {}, partition {}, waits in the outbox: Redis takes nothing; backlog {} when"
                                + " last counted",
                        appended.message().messageId(),
                        printable(appended.message().key()),
                        appended.partition(),
                        backlog);
        log.debug(
                "message {}: {}",
                appended.message().messageId(),
                appended.message().payload());
    }

    /** A name is the client's: it begins no line of its own. */
    private static String printable(String name) {
        StringBuilder printable = new StringBuilder(name.length());
        name.codePoints()
                .forEach(c ->
                        printable.appendCodePoint(Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? '?' : c));
        return printable.toString();
    }
}

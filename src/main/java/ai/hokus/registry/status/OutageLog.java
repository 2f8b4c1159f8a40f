package ai.hokus.registry.status;

import ai.hokus.registry.outbox.CommitListener;
import ai.hokus.registry.outbox.CommittedMessage;
import ai.hokus.registry.outbox.NewMessage;
import io.github.bucket4j.Bucket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * While Redis is away, one line in the log per accepted registration, so that nobody wonders where its event is. At most
 * {@value #LINES_PER_SECOND} a second; the rest is summed up, so that an outage under load does not fill a disk. The payload is
 * logged only at debug. Thread-safe.
 */
@Component
class OutageLog implements CommitListener {

    static final int LINES_PER_SECOND = 10;

    private static final Logger log = LoggerFactory.getLogger(OutageLog.class);

    /** A model's name comes from the client, and must not start a new line in the log. */
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1F\\x7F-\\x9F\\u2028\\u2029]");

    private final StatusCache cache;

    private final Bucket lines = Bucket.builder()
            .addLimit(
                    limit -> limit.capacity(LINES_PER_SECOND).refillIntervally(LINES_PER_SECOND, Duration.ofSeconds(1)))
            .withNanosecondPrecision() // by System.nanoTime, which nobody can set back
            .build();

    /** Messages without a line of their own since the last summary. */
    private final AtomicLong unwritten = new AtomicLong();

    OutageLog(StatusCache cache) {
        this.cache = cache;
    }

    @Override
    public void committed(CommittedMessage appended) {
        boolean away = cache.redisIsAway();
        if (away && !lines.tryConsume(1)) {
            unwritten.incrementAndGet();
            return;
        }
        long more = unwritten.get() == 0 ? 0 : unwritten.getAndSet(0);
        if (more > 0) {
            log.atInfo()
                    .addKeyValue("messages", more)
                    .log(
                            "{} more messages {} in the outbox, without a line for each{}",
                            more,
                            away ? "wait" : "waited",
                            away ? "" : "; Redis is back");
        }
        if (away) {
            write(appended);
        }
    }

    private void write(CommittedMessage appended) {
        NewMessage message = appended.message();
        long backlog = cache.current().pending();
        log.atInfo()
                .addKeyValue("message_id", message.messageId())
                .addKeyValue("model", message.key())
                .addKeyValue("partition", appended.partition())
                .addKeyValue("backlog", backlog)
                .log(
                        "message {} of model {}, partition {}, waits in the outbox: Redis takes nothing; backlog {} when"
                                + " last counted",
                        message.messageId(),
                        CONTROL.matcher(message.key()).replaceAll("?"),
                        appended.partition(),
                        backlog);
        log.debug("message {}: {}", message.messageId(), message.payload());
    }
}

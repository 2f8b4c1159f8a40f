package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.queue.QueueEntry;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * The element that consumers pop: exactly these six keys, since they build an object from them and a seventh breaks them.
 * The same message makes the same bytes, however often it is sent.
 */
final class Envelope {

    /** No zone, always six digits: what Python 3.7's {@code fromisoformat} reads. */
    private static final DateTimeFormatter TIMESTAMP =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS", Locale.ROOT);

    private static final int MAX_RETRIES = 3;

    private Envelope() {}

    static QueueEntry of(OutboxMessage message) {
        StringBuilder json = new StringBuilder(message.payload().length() + 200);
        json.append("{\"message_id\":\"").append(message.messageId());
        json.append("\",\"message_type\":\"");
        JsonStringEncoder.getInstance().quoteAsString(message.type(), json);
        json.append("\",\"payload\":").append(message.payload());
        json.append(",\"timestamp\":\"")
                .append(TIMESTAMP.format(message.createdAt().withOffsetSameInstant(ZoneOffset.UTC)));
        json.append("\",\"retry_count\":0,\"max_retries\":").append(MAX_RETRIES).append('}');
        return new QueueEntry(json.toString(), message.payload());
    }
}

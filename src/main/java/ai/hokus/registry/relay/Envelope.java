package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.queue.QueueEntry;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * The element that consumers pop. It has exactly these six keys: consumers build an object from them, and a seventh would
 * break that. The same message makes the same bytes, however often it is sent.
 */
final class Envelope {

    private static final int MAX_RETRIES = 3;

    private Envelope() {}

    static QueueEntry of(OutboxMessage message) {
        StringBuilder json = new StringBuilder(message.payload().length() + 200);
        json.append("{\"message_id\":\"").append(message.messageId());
        json.append("\",\"message_type\":\"");
        JsonStringEncoder.getInstance().quoteAsString(message.type(), json);
        json.append("\",\"payload\":").append(message.payload());
        json.append(",\"timestamp\":\"");
        appendTimestamp(message.createdAt().withOffsetSameInstant(ZoneOffset.UTC), json);
        json.append("\",\"retry_count\":0,\"max_retries\":").append(MAX_RETRIES).append('}');
        return new QueueEntry(json.toString(), message.payload());
    }

    /**
     * No zone, and always six digits after the second, which Python 3.7's {@code fromisoformat} can read. A formatter would take
     * a quarter of the thread's time for a message.
     */
    private static void appendTimestamp(OffsetDateTime at, StringBuilder json) {
        int micros = at.getNano() / 1000;
        json.append(at.toLocalDate()).append('T');
        // A ninth digit is added and cut off again: else toString would leave out trailing zeros, and zero seconds.
        json.append(at.toLocalTime().withNano(micros * 1000 + 1).toString(), 0, "HH:mm:ss.SSSSSS".length());
    }
}

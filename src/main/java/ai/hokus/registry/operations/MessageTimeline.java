package ai.hokus.registry.operations;

import ai.hokus.registry.consumers.ConsumerCache;
import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One message and its copies, and what happened to them. The message itself is copy number 0. {@code payload}: exactly as it is
 * delivered. {@code events}: copy by copy, in the order in which they happened.
 */
record MessageTimeline(
        UUID messageId,
        @Nullable Object model,
        @Nullable Object messageType,
        @Nullable Object partitionId,
        @JsonRawValue @Nullable Object payload,
        @JsonUnwrapped ConsumerCache.Trace trace,
        List<Map<String, @Nullable Object>> copies,
        List<Event> events) {

    /** {@code event}: registered, claimed, delivered, parked, requeued, discarded or sent_again; {@code at} null: not known. */
    record Event(
            String event,
            @Nullable Object at,
            @Nullable Object copyNo,
            @Nullable String detail) {}

    /** @param rows of {@code outbox_message_history}, at least one, by copy number; their payloads are removed */
    static MessageTimeline of(
            UUID messageId,
            List<Map<String, @Nullable Object>> rows,
            List<Map<String, @Nullable Object>> operations,
            ConsumerCache consumers) {
        Map<String, @Nullable Object> first = rows.get(0);
        List<Event> events = new ArrayList<>();
        Object payload = first.get("payload");
        for (Map<String, @Nullable Object> row : rows) {
            row.remove("payload");
            addEvents(row, operations, events);
        }
        return new MessageTimeline(
                messageId,
                first.get("model"),
                first.get("message_type"),
                first.get("partition_id"),
                payload,
                trace(messageId, rows, consumers),
                rows,
                events);
    }

    /** What consumers did with the newest copy that was delivered. */
    private static ConsumerCache.Trace trace(
            UUID messageId, List<Map<String, @Nullable Object>> rows, ConsumerCache consumers) {
        Long position = null;
        for (Map<String, @Nullable Object> row : rows) {
            if ("delivered".equals(row.get("state")) && row.get("position") instanceof Number number) {
                position = number.longValue();
            }
        }
        int partition = rows.get(0).get("partition_id") instanceof Number number ? number.intValue() : 0;
        return consumers.trace(messageId.toString(), partition, position);
    }

    private static void addEvents(
            Map<String, @Nullable Object> row, List<Map<String, @Nullable Object>> operations, List<Event> events) {
        Object copy = row.get("copy_no");
        boolean itself = Integer.valueOf(0).equals(copy);
        events.add(new Event(itself ? "registered" : "sent_again", row.get("created_at"), copy, null));
        if (row.get("position") != null) {
            events.add(new Event("claimed", row.get("claimed_at"), copy, "position " + row.get("position")));
        }
        Object state = row.get("state");
        if ("delivered".equals(state)) {
            events.add(new Event("delivered", row.get("delivered_at"), copy, null));
        } else if (!"pending".equals(state)) {
            events.add(new Event("parked", row.get("parked_at"), copy, String.valueOf(row.get("parked_reason"))));
            if (row.get("resolved_at") != null) {
                events.add(new Event(
                        String.valueOf(state), row.get("resolved_at"), copy, why(row.get("resolved_at"), operations)));
            }
        }
    }

    /** The operation is of the transaction that set resolved_at, so it has the same time. */
    private static @Nullable String why(@Nullable Object resolvedAt, List<Map<String, @Nullable Object>> operations) {
        return operations.stream()
                .filter(row -> Objects.equals(resolvedAt, row.get("performed_at")))
                .map(row -> "by " + row.get("performed_by") + ": " + row.get("reason"))
                .findFirst()
                .orElse(null);
    }
}

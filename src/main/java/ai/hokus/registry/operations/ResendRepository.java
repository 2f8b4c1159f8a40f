package ai.hokus.registry.operations;

import static java.util.Objects.requireNonNullElse;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Finds delivered messages. Each statement reads a bounded number of rows, however much is retained. Thread-safe. */
@Component
record ResendRepository(JdbcClient jdbc) {

    private static final String RETAINED = """
            SELECT partition_id AS partition, purged_position + 1 AS lowest, delivered_position AS highest FROM outbox_progress
            WHERE partition_id = COALESCE(CAST(? AS INTEGER), partition_id) ORDER BY partition_id
            """;

    /**
     * From the first acknowledgement in this time to the last one. A rewind between these two took back what had been delivered
     * in this time, or was delivered again in it.
     */
    private static final String DELIVERED_BETWEEN = """
            SELECT f.partition_id AS partition,
                   LEAST(f.from_position, COALESCE(min(r.to_position) + 1, f.from_position)) AS lowest,
                   GREATEST(l.to_position, COALESCE(max(r.from_position), l.to_position)) AS highest
            FROM (SELECT * FROM outbox_delivery
                  WHERE partition_id = ? AND delivered_at >= ? AND delivered_at < ? AND from_position <= to_position
                  ORDER BY partition_id, delivered_at, delivery_no LIMIT 1) f
            JOIN (SELECT * FROM outbox_delivery
                  WHERE partition_id = ? AND delivered_at >= ? AND delivered_at < ? AND from_position <= to_position
                  ORDER BY partition_id, delivered_at DESC, delivery_no DESC LIMIT 1) l ON l.partition_id = f.partition_id
            LEFT JOIN outbox_rewind r ON r.partition_id = f.partition_id AND r.from_position > r.to_position
                AND r.delivery_no BETWEEN f.delivery_no AND l.delivery_no
            GROUP BY f.partition_id, f.from_position, l.to_position
            """;

    private static final String PARKED_BETWEEN =
            "SELECT count(*) FROM outbox_parked WHERE partition_id = ? AND position >= ? AND position <= ?";

    /** The condition on first_position lets the index find the batches: none has more than 5,000 messages. */
    private static final String AT_POSITIONS = """
            SELECT q.partition_id AS partition, q.position, q.id, m.message_id AS message, OCTET_LENGTH(m.payload) AS bytes
            FROM outbox_position q LEFT JOIN outbox_message m ON m.partition_id = q.partition_id AND m.id = q.id
            WHERE q.partition_id = ? AND q.first_position > ? - 5000 AND q.first_position <= ?
              AND q.position >= ? AND q.position <= ?
              AND m.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = q.id)
            ORDER BY q.position
            """;

    /** Goes through the model's registrations, and finds nothing if the model's messages are in another partition. */
    private static final String OF_MODEL = """
            SELECT h.partition_id AS partition, h.position, h.id, h.message_id AS message,
                   (SELECT OCTET_LENGTH(m.payload) FROM outbox_message m
                    WHERE m.partition_id = h.partition_id AND m.id = h.id) AS bytes
            FROM registration r LEFT JOIN outbox_message_history h ON h.message_id = r.message_id
            WHERE r.model_name = ? AND h.state = 'delivered' AND h.partition_id = ? AND h.position >= ? AND h.position <= ?
            LIMIT ?
            """;

    /** A delivered message or copy: its message_id, and the size of its payload. */
    record Delivered(int partition, long position, long id, UUID message, long bytes) {}

    private record Range(int partition, long lowest, long highest) {
        Range within(long min, long max) {
            return new Range(partition, Math.max(lowest, min), Math.min(highest, max));
        }

        boolean isEmpty() {
            return lowest > highest;
        }
    }

    /** By partition and position, without those that were parked. At least one more than {@code max} if there are more. */
    List<Delivered> find(ResendFilter filter, int max) {
        List<Delivered> found = new ArrayList<>();
        String model = filter.model();
        for (Range range : ranges(filter)) {
            if (found.size() <= max) {
                found.addAll(model == null ? atPositions(range, max) : ofModel(model, range, max));
            }
        }
        found.sort(Comparator.comparingInt(Delivered::partition).thenComparingLong(Delivered::position));
        return found;
    }

    /** Reads no more of a range than shows that it is too large. */
    private List<Delivered> atPositions(Range range, int max) {
        long parked = jdbc.sql(PARKED_BETWEEN)
                .params(range.partition(), range.lowest(), range.highest())
                .query(Long.class)
                .single();
        long highest = Math.min(range.highest(), range.lowest() + max + parked);
        return delivered(AT_POSITIONS, range.partition(), range.lowest(), highest, range.lowest(), highest);
    }

    private List<Delivered> ofModel(String model, Range range, int max) {
        return delivered(OF_MODEL, model, range.partition(), range.lowest(), range.highest(), max + 1);
    }

    private List<Delivered> delivered(String sql, Object... parameters) {
        return jdbc.sql(sql).params(parameters).query(Delivered.class).list();
    }

    /** Where to look: what is retained and delivered, and fits the positions and times. */
    private List<Range> ranges(ResendFilter filter) {
        Long from = filter.fromPosition();
        Long to = filter.toPosition();
        return jdbc.sql(RETAINED).param(filter.partition()).query(Range.class).list().stream()
                .map(range -> range.within(from == null ? 0 : from, to == null ? Long.MAX_VALUE : to))
                .map(range -> byTime(range, filter))
                .filter(range -> !range.isEmpty())
                .toList();
    }

    private Range byTime(Range range, ResendFilter filter) {
        Instant from = filter.deliveredFrom();
        Instant before = filter.deliveredBefore();
        if ((from == null && before == null) || range.isEmpty()) {
            return range;
        }
        int partition = range.partition();
        OffsetDateTime start = requireNonNullElse(from, ResendFilter.MIN_TIME).atOffset(ZoneOffset.UTC);
        OffsetDateTime end = requireNonNullElse(before, ResendFilter.MAX_TIME).atOffset(ZoneOffset.UTC);
        return jdbc.sql(DELIVERED_BETWEEN)
                .params(partition, start, end, partition, start, end)
                .query(Range.class)
                .optional()
                .map(delivered -> range.within(delivered.lowest(), delivered.highest()))
                .orElse(new Range(partition, 1, 0));
    }
}

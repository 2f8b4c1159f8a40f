package ai.hokus.registry.operations;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.stereotype.Component;

/** Finds delivered messages. Each statement reads a bounded number of rows, however much is retained. Thread-safe. */
@Component
class ResendRepository {

    private static final String RETAINED = """
            SELECT partition_id, purged_position + 1 AS lowest, delivered_position AS highest FROM outbox_progress
            WHERE partition_id = COALESCE(CAST(? AS INTEGER), partition_id) ORDER BY partition_id
            """;

    /** An acknowledgement that is not a rewind. */
    private static final String FIRST_DELIVERY_SINCE = """
            SELECT from_position, to_position FROM outbox_delivery
            WHERE partition_id = ? AND delivered_at >= ? AND from_position <= to_position
            ORDER BY partition_id, delivered_at, delivery_no LIMIT 1
            """;

    private static final String LAST_DELIVERY_BEFORE = """
            SELECT from_position, to_position FROM outbox_delivery
            WHERE partition_id = ? AND delivered_at < ? AND from_position <= to_position
            ORDER BY partition_id, delivered_at DESC, delivery_no DESC LIMIT 1
            """;

    /** What a rewind took back was delivered before it, and again after it. */
    private static final String REWINDS_BETWEEN = """
            SELECT min(to_position) AS lowest, max(from_position) AS highest FROM outbox_rewind
            WHERE partition_id = ? AND rewound_at >= ? AND rewound_at < ? AND from_position > to_position
            """;

    private static final String PARKED_BETWEEN =
            "SELECT count(*) FROM outbox_parked WHERE partition_id = ? AND position >= ? AND position <= ?";

    /** The condition on first_position, which is the batch's, finds the batches by their index: none has more than 5,000 messages. */
    private static final String AT_POSITIONS = """
            SELECT q.partition_id, q.position, q.id, m.message_id, OCTET_LENGTH(m.payload) AS bytes
            FROM outbox_position q LEFT JOIN outbox_message m ON m.partition_id = q.partition_id AND m.id = q.id
            WHERE q.partition_id = ? AND q.first_position > ? - 5000 AND q.first_position <= ?
              AND q.position >= ? AND q.position <= ?
              AND m.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = q.id)
            ORDER BY q.position
            """;

    private static final String PARTITIONS_OF_MODEL = """
            SELECT DISTINCT m.partition_id FROM registration r JOIN outbox_message m ON m.message_id = r.message_id
            WHERE r.model_name = ? ORDER BY m.partition_id
            """;

    private static final String OF_MODEL = """
            SELECT h.partition_id, h.position, h.id, h.message_id,
                   (SELECT OCTET_LENGTH(m.payload) FROM outbox_message m
                    WHERE m.partition_id = h.partition_id AND m.id = h.id) AS bytes
            FROM registration r LEFT JOIN outbox_message_history h ON h.message_id = r.message_id
            WHERE r.model_name = ? AND h.state = 'delivered' AND h.partition_id = ? AND h.position >= ? AND h.position <= ?
            LIMIT ?
            """;

    private static final RowMapper<Delivered> DELIVERED = (row, n) -> new Delivered(
            row.getInt("partition_id"),
            row.getLong("position"),
            row.getLong("id"),
            row.getObject("message_id", UUID.class),
            row.getLong("bytes"));

    private static final OffsetDateTime MIN_TIME = OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
    private static final OffsetDateTime MAX_TIME = OffsetDateTime.of(9999, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    private final JdbcTemplate jdbc;

    /** @param jdbc with a bounded query time-out */
    ResendRepository(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    /** A delivered message, or a copy of it, and the size of its payload. */
    record Delivered(int partition, long position, long id, UUID messageId, long bytes) {}

    private record Range(int partition, long lowest, long highest) {
        Range within(long min, long max) {
            return new Range(partition, Math.max(lowest, min), Math.min(highest, max));
        }

        boolean isEmpty() {
            return lowest > highest;
        }
    }

    /**
     * Delivered messages by partition and position, without those that were parked.
     *
     * @param max returns at least one more than this if there are more
     */
    List<Delivered> find(ResendFilter filter, int max) {
        List<Delivered> found = new ArrayList<>();
        String model = filter.model();
        List<Integer> ofModel =
                model == null ? List.of() : jdbc.queryForList(PARTITIONS_OF_MODEL, Integer.class, model);
        for (Range range : ranges(filter)) {
            if (found.size() > max) {
                break;
            }
            if (model == null) {
                found.addAll(atPositions(range, max));
            } else if (ofModel.contains(range.partition())) {
                found.addAll(jdbc.query(
                        OF_MODEL, DELIVERED, model, range.partition(), range.lowest(), range.highest(), max + 1));
            }
        }
        found.sort(Comparator.comparingInt(Delivered::partition).thenComparingLong(Delivered::position));
        return found;
    }

    /** Of a range that is too large, the first positions are enough to say so. */
    private List<Delivered> atPositions(Range range, int max) {
        Long parked =
                jdbc.queryForObject(PARKED_BETWEEN, Long.class, range.partition(), range.lowest(), range.highest());
        long highest = Math.min(range.highest(), range.lowest() + max + (parked == null ? 0 : parked));
        return jdbc.query(AT_POSITIONS, DELIVERED, range.partition(), range.lowest(), highest, range.lowest(), highest);
    }

    /** Where to look: what is retained and delivered, and fits the positions and times. */
    private List<Range> ranges(ResendFilter filter) {
        Long from = filter.fromPosition();
        Long to = filter.toPosition();
        return jdbc
                .query(
                        RETAINED,
                        (row, n) -> new Range(row.getInt(1), row.getLong(2), row.getLong(3)),
                        filter.partition())
                .stream()
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
        OffsetDateTime start = from == null ? MIN_TIME : from.atOffset(ZoneOffset.UTC);
        OffsetDateTime end = before == null ? MAX_TIME : before.atOffset(ZoneOffset.UTC);
        Range first = delivery(FIRST_DELIVERY_SINCE, range.partition(), start);
        Range last = delivery(LAST_DELIVERY_BEFORE, range.partition(), end);
        if (first == null || last == null) {
            return new Range(range.partition(), 1, 0);
        }
        Range rewound = jdbc.queryForObject(
                REWINDS_BETWEEN,
                (row, n) -> new Range(
                        range.partition(),
                        row.getObject("lowest") == null ? Long.MAX_VALUE : row.getLong("lowest") + 1,
                        row.getLong("highest")),
                range.partition(),
                start,
                end);
        long lowest = first.lowest();
        long highest = last.highest();
        if (rewound != null && rewound.highest() > 0) {
            lowest = Math.min(lowest, rewound.lowest());
            highest = Math.max(highest, rewound.highest());
        }
        return range.within(lowest, highest);
    }

    private @Nullable Range delivery(String sql, int partition, OffsetDateTime time) {
        return DataAccessUtils.singleResult(
                jdbc.query(sql, (row, n) -> new Range(partition, row.getLong(1), row.getLong(2)), partition, time));
    }
}

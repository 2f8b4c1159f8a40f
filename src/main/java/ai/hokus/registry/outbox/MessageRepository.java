package ai.hokus.registry.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;

/** Reads the messages of one partition, within bounds. Thread-safe. */
class MessageRepository {

    /** Ranges of ids that one statement looks up: 2,000 take about 5 ms. */
    private static final int MAX_RANGES = 2_000;

    private final JdbcClient client;
    private final SqlDialect dialect;
    private final int partition;
    private final Long[] otherPartitions;

    MessageRepository(JdbcTemplate jdbc, SqlDialect dialect, int partition, int partitions) {
        this.client = JdbcClient.create(jdbc);
        this.dialect = dialect;
        this.partition = partition;
        this.otherPartitions = IntStream.range(0, partitions)
                .filter(other -> other != partition)
                .mapToObj(Long::valueOf)
                .toArray(Long[]::new);
    }

    /** Messages of one answer; {@code more}: it was cut by a limit; {@code scannedTo}: ids up to here were looked at. */
    record Messages(List<OutboxMessage> messages, boolean more, long scannedTo) {}

    /** Those of the first of these ids that are visible in other partitions, ascending. */
    long[] idsOfOtherPartitions(IdRanges ranges) {
        if (otherPartitions.length == 0) {
            return new long[0];
        }
        return inRanges(dialect.idsInRanges(), ranges.first(10 * MAX_RANGES))
                .param("partitions", bigints(otherPartitions))
                .query(Long.class)
                .stream()
                .mapToLong(Long::longValue)
                .toArray();
    }

    /**
     * The messages of this partition with these ids, as far as they are visible, in the order of their ids.
     *
     * @param maxBytes of payload; the first message is taken however large it is
     */
    Messages unclaimed(IdRanges ids, int maxMessages, long maxBytes) {
        if (ids.isEmpty()) {
            return new Messages(List.of(), false, 0);
        }
        IdRanges looked = ids.first(MAX_RANGES);
        Messages found = inRanges(dialect.unclaimed(looked), looked)
                .param("max_messages", maxMessages)
                .param("max_bytes", maxBytes)
                .query(messages(maxMessages, maxBytes));
        if (found.more()) {
            return found;
        }
        return new Messages(found.messages(), looked.size() < ids.size(), looked.last());
    }

    /**
     * Messages that were claimed before, in this order, from the beginning as far as the bytes allow, at least one. One whose row
     * is gone is there as {@link OutboxMessage#missing}.
     */
    List<OutboxMessage> claimed(long[] ids, long maxBytes) {
        Map<Long, OutboxMessage> found = new HashMap<>();
        Messages answer = client.sql(dialect.claimed())
                .param("partition", partition)
                .param("ids", bigints(Arrays.stream(ids).boxed().toArray(Long[]::new)))
                .param("max_bytes", maxBytes)
                .query(messages(ids.length, maxBytes));
        answer.messages().forEach(message -> found.put(message.id(), message));
        boolean cut = answer.more() && answer.messages().size() < ids.length;
        List<OutboxMessage> messages = new ArrayList<>(ids.length);
        for (long id : ids) {
            if (cut && id > answer.scannedTo()) {
                break;
            }
            messages.add(found.getOrDefault(id, OutboxMessage.missing(id)));
        }
        return messages;
    }

    private JdbcClient.StatementSpec inRanges(String sql, IdRanges ranges) {
        return client.sql(sql)
                .param("partition", partition)
                .param("lowest", ranges.lowest())
                .param("highest", ranges.last())
                .param("lowests", bigints(ranges.from()))
                .param("highests", bigints(ranges.to()));
    }

    static SqlArrayValue bigints(Long[] values) {
        return new SqlArrayValue("bigint", (Object[]) values);
    }

    private static ResultSetExtractor<Messages> messages(int maxMessages, long maxBytes) {
        return rows -> {
            List<OutboxMessage> messages = new ArrayList<>(Math.min(maxMessages, 1024));
            long bytes = 0;
            long last = 0;
            while (rows.next()) {
                String payload = rows.getString(7);
                long size = payload == null ? 0 : payload.getBytes(UTF_8).length;
                if (payload == null || (bytes + size > maxBytes && !messages.isEmpty())) {
                    return new Messages(messages, true, last);
                }
                OutboxMessage message = message(rows, payload);
                messages.add(message);
                last = message.id();
                bytes += size;
            }
            return new Messages(messages, messages.size() == maxMessages, last);
        };
    }

    /** By numbers: to look seven names up for each row took a tenth of the relay's time for a message. */
    private static OutboxMessage message(ResultSet row, String payload) throws SQLException {
        return new OutboxMessage(
                row.getLong(1),
                row.getObject(2, UUID.class),
                row.getString(3),
                row.getString(4),
                payload,
                row.getObject(5, OffsetDateTime.class),
                row.getBoolean(6));
    }
}

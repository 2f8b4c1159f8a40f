package ai.hokus.registry.outbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.springframework.jdbc.core.ResultSetExtractor;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;

/** Of one partition. Thread-safe. */
class MessageRepository {

    /** Ranges of ids that one statement looks up: 2,000 take about 5 ms. */
    private static final int MAX_RANGES = 2_000;

    /** Ranges times partitions that one statement looks up: 20,000 take about 50 ms. */
    private static final int MAX_LOOKUPS = 20_000;

    /** Only PostgreSQL needs it: on H2, ids are in commit order, so nothing is looked for again. */
    private static final String IDS_IN_RANGES = """
            SELECT u.id FROM unnest(CAST(:lowests AS BIGINT[]), CAST(:highests AS BIGINT[])) AS r(lowest, highest)
            CROSS JOIN unnest(CAST(:partitions AS INTEGER[])) AS p(partition_id)
            CROSS JOIN LATERAL (SELECT m.id FROM outbox_message m
                                WHERE m.partition_id = p.partition_id AND m.id >= r.lowest AND m.id <= r.highest
                                ORDER BY m.id LIMIT 5000) u
            LIMIT 50000
            """;

    private final JdbcClient client;
    private final SqlDialect dialect;
    private final int partition;
    private final long[] otherPartitions;

    MessageRepository(OutboxDatabase database, int partition, int partitions) {
        this.client = JdbcClient.create(database.jdbc());
        this.dialect = database.dialect();
        this.partition = partition;
        this.otherPartitions = LongStream.range(0, partitions)
                .filter(other -> other != partition)
                .toArray();
    }

    /** {@code more}: a limit cut the answer; {@code scannedTo}: ids up to here were looked at. */
    record Messages(List<OutboxMessage> messages, boolean more, long scannedTo) {}

    /**
     * Those of these ids that belong to visible messages of other partitions, ascending. Of many ranges, some are looked up, each
     * time others, so that ids which never come do not hide those behind them.
     */
    long[] idsOfOtherPartitions(IdRanges ranges) {
        if (otherPartitions.length == 0) {
            return new long[0];
        }
        return inRanges(IDS_IN_RANGES, ranges.some(Math.max(1, MAX_LOOKUPS / otherPartitions.length)))
                .param("partitions", bigints(otherPartitions))
                .query(Long.class)
                .list()
                .stream()
                .mapToLong(Long::longValue)
                .sorted()
                .toArray();
    }

    /** The visible messages of this partition with these ids, in their order; the first one however large it is. */
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

    /** The first of these, as many as the bytes allow, and at least one. Without its row: {@link OutboxMessage#missing}. */
    List<OutboxMessage> claimed(long[] ids, long maxBytes) {
        Messages answer = client.sql(dialect.claimed())
                .param("partition", partition)
                .param("ids", bigints(ids))
                .param("max_bytes", maxBytes)
                .query(messages(ids.length, maxBytes));
        Map<Long, OutboxMessage> found =
                answer.messages().stream().collect(Collectors.toMap(OutboxMessage::id, message -> message));
        boolean cut = answer.more() && found.size() < ids.length;
        return Arrays.stream(ids)
                .takeWhile(id -> !cut || id <= answer.scannedTo())
                .mapToObj(id -> found.getOrDefault(id, OutboxMessage.missing(id)))
                .toList();
    }

    private JdbcClient.StatementSpec inRanges(String sql, IdRanges ranges) {
        return client.sql(sql)
                .param("partition", partition)
                .param("lowest", ranges.lowest())
                .param("highest", ranges.last())
                .param("lowests", bigints(ranges.from()))
                .param("highests", bigints(ranges.to()));
    }

    static SqlArrayValue bigints(long[] values) {
        return new SqlArrayValue("bigint", Arrays.stream(values).boxed().toArray());
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
                last = rows.getLong(1);
                // By numbers: looking up seven names for each row took a tenth of the relay's time for a message.
                messages.add(new OutboxMessage(
                        last,
                        rows.getObject(2, UUID.class),
                        rows.getString(3),
                        rows.getString(4),
                        payload,
                        rows.getObject(5, OffsetDateTime.class),
                        rows.getBoolean(6)));
                bytes += size;
            }
            return new Messages(messages, messages.size() == maxMessages, last);
        };
    }
}

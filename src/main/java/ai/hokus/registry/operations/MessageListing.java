package ai.hokus.registry.operations;

import static ai.hokus.registry.operations.OutboxQueries.rows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/**
 * Pages of messages in one state: pending ones oldest first and delivered ones newest first, partition by partition; parked
 * ones oldest first. Each message has the version and the token that its payload names. A page reads a bounded number of rows:
 * it continues where the one before ended. With a model, it looks at {@value #MAX_LOOKED_AT} messages at most. Thread-safe.
 */
@Component
record MessageListing(JdbcClient jdbc) {

    /** Messages that a page looks at, at most. */
    static final int MAX_LOOKED_AT = 10_000;

    /** Messages that one statement reads when only one model's are wanted. */
    private static final int WINDOW = 2_000;

    private static final String PROGRESS = """
            SELECT partition_id, last_position, delivered_position, purged_position, settled_id, highest_claimed_id
            FROM outbox_progress WHERE partition_id >= ? ORDER BY partition_id
            """;

    private static final String PLACE = """
            SELECT h.id, h.partition_id, h.position FROM outbox_message_history h
            WHERE h.message_id = (SELECT m.message_id FROM outbox_partition p
                                  JOIN outbox_message m ON m.partition_id = p.partition_id AND m.id = ?)
              AND h.id = ?
            """;

    /** The condition on first_position lets the index find the batches: none has more than 5,000 messages. */
    private static final String CLAIMED = """
            SELECT m.id, m.message_id, m.copy_no, m.partition_id, m.message_key AS model, m.message_type, m.created_at, q.position
            FROM outbox_position q LEFT JOIN outbox_message m ON m.partition_id = q.partition_id AND m.id = q.id
            WHERE q.partition_id = ? AND q.first_position > ? - 5000 AND q.first_position <= ?
              AND q.position > ? AND q.position <= ? AND m.id IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM outbox_parked k WHERE k.id = q.id AND k.resolution IS NOT NULL)
            ORDER BY q.position
            """;

    /** Messages below the highest claimed id that no scan has found yet; on PostgreSQL only. */
    private static final String LATE = """
            SELECT id, message_id, copy_no, partition_id, model, message_type, created_at, CAST(NULL AS BIGINT) AS position
            FROM outbox_unclaimed WHERE partition_id = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?
            """;

    private static final String UNCLAIMED = """
            SELECT m.id, m.message_id, m.copy_no, m.partition_id, m.message_key AS model, m.message_type, m.created_at,
                   CAST(NULL AS BIGINT) AS position
            FROM outbox_message m WHERE m.partition_id = ? AND m.id > ? ORDER BY m.partition_id, m.id LIMIT ?
            """;

    private static final String DELIVERED = """
            SELECT id, message_id, copy_no, partition_id, model, message_type, created_at, position, delivered_at
            FROM outbox_delivered_messages
            WHERE partition_id = ? AND first_position > ? - 5000 AND first_position <= ? AND position > ? AND position <= ?
            ORDER BY position DESC
            """;

    private static final String PARKED = """
            SELECT * FROM outbox_parked_messages
            WHERE model = COALESCE(CAST(? AS VARCHAR), model) AND id > COALESCE(CAST(? AS BIGINT), 0)
            ORDER BY id LIMIT ?
            """;

    private static final String PAYLOAD_HEADS = """
            SELECT m.id, SUBSTRING(m.payload FROM 1 FOR 4000) AS head
            FROM outbox_partition p JOIN outbox_message m ON m.partition_id = p.partition_id AND m.id = ANY(?)
            """;

    enum State {
        PENDING,
        PARKED,
        DELIVERED
    }

    /** {@code next}: the parameter {@code after} of the next page; null: this is the last. */
    record Page(
            List<Map<String, @Nullable Object>> messages,
            @Nullable Long next) {}

    /** A row of {@code outbox_progress}. */
    private record Progress(
            int partitionId,
            long lastPosition,
            long deliveredPosition,
            long purgedPosition,
            long settledId,
            long highestClaimedId) {}

    /** Where a page before ended; {@code position} null: among what is not claimed. */
    private record Place(int partitionId, long id, @Nullable Long position) {}

    /** {@code model} null: all models; {@code after}: {@code next} of the page before; null: from the beginning. */
    Page list(State state, @Nullable String model, @Nullable Long after, int limit) {
        Page page = page(state, model, after, limit);
        Long[] ids = page.messages().stream().map(MessageListing::id).toArray(Long[]::new);
        if (ids.length > 0) {
            Map<Long, String> heads = new HashMap<>();
            jdbc.sql(PAYLOAD_HEADS)
                    .param(new SqlArrayValue("bigint", (Object[]) ids))
                    .query(row -> {
                        heads.put(row.getLong("id"), row.getString("head"));
                    });
            page.messages().forEach(row -> PayloadHead.addTo(row, heads.getOrDefault(id(row), "")));
        }
        return page;
    }

    private Page page(State state, @Nullable String model, @Nullable Long after, int limit) {
        Collector page = new Collector(model, limit);
        if (state == State.PARKED) {
            page.addAll(rows(jdbc, PARKED, model, after, limit + 1));
            return page.toPage();
        }
        Place place = Optional.ofNullable(after)
                .flatMap(id -> jdbc.sql(PLACE).params(id, id).query(Place.class).optional())
                .orElse(null);
        if (state == State.DELIVERED && after != null && place == null) {
            return page.toPage(); // it was purged, and so was all that was delivered before it
        }
        int firstPartition = place == null ? 0 : place.partitionId();
        for (Progress progress :
                jdbc.sql(PROGRESS).param(firstPartition).query(Progress.class).list()) {
            Place start = place != null && place.partitionId() == progress.partitionId() ? place : null;
            if (state == State.DELIVERED) {
                addDelivered(page, progress, start);
            } else {
                addPending(page, progress, start == null ? new Place(progress.partitionId(), 0, 0L) : start);
            }
        }
        return page.toPage();
    }

    private void addPending(Collector page, Progress progress, Place start) {
        int partition = progress.partitionId();
        long highest = progress.highestClaimedId();
        Long position = start.position();
        // After a message that is not claimed, no claimed one follows.
        long from = position == null ? progress.lastPosition() : Math.max(progress.deliveredPosition(), position);
        while (from < progress.lastPosition() && !page.isFull()) {
            long to = Math.min(progress.lastPosition(), from + page.window());
            page.addAll(rows(jdbc, CLAIMED, partition, from, to, from, to));
            from = to;
        }
        long afterId = position == null ? start.id() : 0;
        long unsettled = Math.max(afterId, progress.settledId());
        if (unsettled < highest && !page.isFull()) {
            page.addAll(rows(jdbc, LATE, partition, unsettled, highest, page.window()));
        }
        addUnclaimed(page, partition, Math.max(afterId, highest));
    }

    private void addUnclaimed(Collector page, int partition, long afterId) {
        long from = afterId;
        while (!page.isFull()) {
            int window = page.window();
            List<Map<String, @Nullable Object>> rows = rows(jdbc, UNCLAIMED, partition, from, window);
            page.addAll(rows);
            if (rows.size() < window) {
                return;
            }
            from = id(rows.get(rows.size() - 1));
        }
    }

    private void addDelivered(Collector page, Progress progress, @Nullable Place start) {
        Long before = start == null ? null : start.position();
        long to = before == null ? progress.deliveredPosition() : Math.min(progress.deliveredPosition(), before - 1);
        while (to > progress.purgedPosition() && !page.isFull()) {
            long from = Math.max(progress.purgedPosition(), to - page.window());
            page.addAll(rows(jdbc, DELIVERED, progress.partitionId(), from, to, from, to));
            to = from;
        }
    }

    private static long id(Map<String, @Nullable Object> row) {
        return ((Number) Objects.requireNonNull(row.get("id"))).longValue();
    }

    /** Collects what fits until the page is full. Confined to one call. */
    private static final class Collector {

        private final @Nullable String model;
        private final int limit;
        private final List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        private int lookedAt;
        private long lastId;
        private boolean more;

        Collector(@Nullable String model, int limit) {
            this.model = model;
            this.limit = limit;
        }

        /** How many rows to read. Without a model, one more than the page lacks: it tells whether there is a next page. */
        int window() {
            return model == null ? limit - rows.size() + 1 : WINDOW;
        }

        boolean isFull() {
            return more;
        }

        void addAll(List<Map<String, @Nullable Object>> read) {
            for (Map<String, @Nullable Object> row : read) {
                if (rows.size() == limit || lookedAt == MAX_LOOKED_AT) {
                    more = true;
                    return;
                }
                lookedAt++;
                lastId = id(row);
                if (model == null || model.equals(row.get("model"))) {
                    rows.add(row);
                }
            }
        }

        Page toPage() {
            return new Page(List.copyOf(rows), more ? lastId : null);
        }
    }
}

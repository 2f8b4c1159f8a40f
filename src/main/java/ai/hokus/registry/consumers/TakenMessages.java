package ai.hokus.registry.consumers;

import ai.hokus.registry.outbox.Checkpoint;
import java.util.Collection;
import java.util.OptionalLong;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Compares what was seen in the queue with the log: which messages consumers had taken, and how many of those that a rewind sends
 * again they had done. For reports only; delivery does not depend on it. Thread-safe. If the database fails, a
 * {@link org.springframework.dao.DataAccessException} is thrown.
 */
@Component
record TakenMessages(JdbcClient jdbc) {

    private static final String SKIPPED =
            "SELECT count(*) FROM outbox_parked WHERE partition_id = ? AND position > ? AND position <= ?";

    private static final String HAS_BATCH = """
            SELECT count(*) FROM outbox_batch
            WHERE partition_id = ? AND first_position > ? - 5000 AND first_position <= ? AND last_position >= ? AND batch_id = ?
            """;

    private static final String POSITIONS_OF = """
            SELECT count(*) FROM outbox_message_history
            WHERE message_id = ? AND partition_id = ? AND position > ? AND position <= ?
            """;

    private static final String RECORD_DONE = """
            UPDATE outbox_rewind SET certainly_done = ?
            WHERE id = (SELECT max(r.id) FROM outbox_rewind r
                        WHERE r.partition_id = ? AND r.from_position = ? AND r.to_position = ?)
            """;

    /** Skipped positions are rare among the newest, so a few rounds suffice: each finds more of them, or is the last. */
    private static final int MAX_ROUNDS = 10;

    /**
     * What was seen of a partition at one moment: everything up to {@code takenPosition} had been taken, and consumers' lists
     * had {@code unfinished} messages and {@code unknown} further elements, which may be messages too.
     */
    record Seen(Checkpoint newest, long takenPosition, Collection<UUID> unfinished, long unknown) {}

    /**
     * The position up to which everything had been taken when the queue's newest checkpoint was at this position and the queue
     * had this depth. Too low rather than too high: elements of other partitions, and those that were put back, count as
     * messages of this one that were not taken yet. Skipped messages are not in the queue.
     */
    long takenPosition(int partition, long position, long depth) {
        if (depth == 0) {
            return position;
        }
        long taken = position - depth;
        long skipped = 0;
        for (int round = 0; round < MAX_ROUNDS; round++) {
            long more = count(SKIPPED, partition, taken, position);
            if (more == skipped) {
                return Math.max(0, taken);
            }
            skipped = more;
            taken = position - depth - skipped;
        }
        return 0;
    }

    /**
     * How many of the messages after {@code to}, up to {@code from}, consumers had certainly done when this was seen: taken,
     * and in no list. A consumer that pops elements without keeping them in a list counts as done with them at once. Empty:
     * what was seen is of another history of this database.
     */
    OptionalLong certainlyDone(int partition, long from, long to, Seen seen) {
        Checkpoint newest = seen.newest();
        long at = newest.position();
        if (at <= to) {
            return OptionalLong.of(0); // before any of them was in the queue
        }
        if (count(HAS_BATCH, partition, at, at, at, newest.batchId()) == 0) {
            return OptionalLong.empty();
        }
        long upTo = Math.min(from, seen.takenPosition());
        if (upTo <= to) {
            return OptionalLong.of(0);
        }
        long unfinished = seen.unfinished().stream()
                .mapToLong(id -> count(POSITIONS_OF, id, partition, to, upTo))
                .sum();
        long skipped = count(SKIPPED, partition, to, upTo);
        return OptionalLong.of(Math.max(0, upTo - to - skipped - unfinished - seen.unknown()));
    }

    /** Completes the record of a rewind. */
    void recordCertainlyDone(int partition, long from, long to, long messages) {
        jdbc.sql(RECORD_DONE).params(messages, partition, from, to).update();
    }

    private long count(String sql, Object... parameters) {
        return jdbc.sql(sql).params(parameters).query(Long.class).single();
    }
}

package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The rare events of one partition: rewinds, divergences, fences and parked messages. Every method needs an open transaction that holds
 * the partition's row. Thread-safe.
 */
class PartitionJournal {

    private static final String INSERT_DELIVERY = """
            INSERT INTO outbox_delivery (partition_id, delivery_no, from_position, to_position, instance)
            VALUES (?, ?, ?, ?, ?)
            """;

    private static final String INSERT_REWIND = """
            INSERT INTO outbox_rewind (partition_id, delivery_no, from_position, to_position, reason, instance)
            VALUES (?, ?, ?, ?, ?, ?)
            """;

    private static final String HEAL = """
            UPDATE outbox_partition SET foreign_checkpoint = ?, histories = ?, diverged_at = COALESCE(?, diverged_at)
            WHERE partition_id = ?
            """;

    private static final String STOP = """
            UPDATE outbox_partition
            SET stopped_at = CURRENT_TIMESTAMP, stopped_reason = ?, stopped_known_position = ?, halt_id = DEFAULT
            WHERE partition_id = ? AND stopped_at IS NULL
            """;

    private static final String SET_STOPPED_KNOWN =
            "UPDATE outbox_partition SET stopped_known_position = ? WHERE partition_id = ? AND stopped_at IS NOT NULL";

    private static final String RECORD_FENCE =
            "UPDATE outbox_partition SET fenced_halt_id = halt_id WHERE partition_id = ? AND fenced_halt_id <> halt_id";

    private static final String RECORD_QUEUE = "UPDATE outbox SET queue_name = ? WHERE queue_name IS NULL";

    private static final String SET_LOWEST_PARKED =
            "UPDATE outbox_partition SET lowest_parked_position = ? WHERE partition_id = ?";

    private static final String UNDECIDED_MARKS = """
            SELECT id, position FROM outbox_parked
            WHERE partition_id = ? AND resolution IS NULL AND position > ? AND position <= ? ORDER BY position
            """;

    private static final String LOWEST_MARK =
            "SELECT min(position) FROM outbox_parked WHERE partition_id = ? AND resolution IS NULL AND position > ?";

    private static final String DELETE_MARK = "DELETE FROM outbox_parked WHERE id = ? AND resolution IS NULL";

    private static final String UPDATE_MARK =
            "UPDATE outbox_parked SET position = ?, reason = ?, instance = ? WHERE id = ?";

    private static final String INSERT_MARK =
            "INSERT INTO outbox_parked (id, partition_id, position, reason, instance) VALUES (?, ?, ?, ?, ?)";

    private final JdbcTemplate jdbc;
    private final int partition;
    private final String instance;

    PartitionJournal(JdbcTemplate jdbc, int partition, String instance) {
        this.jdbc = jdbc;
        this.partition = partition;
        this.instance = instance;
    }

    /** A message that was refused alone: its id and position. */
    record Mark(long id, long position) {}

    /** {@code to} below {@code from}: a rewind. */
    SqlUpdate delivery(long deliveryNo, long from, long to) {
        return new SqlUpdate(INSERT_DELIVERY, partition, deliveryNo, to > from ? from + 1 : from, to, instance);
    }

    void recordRewind(long deliveryNo, long from, long to, String reason) {
        jdbc.update(INSERT_REWIND, partition, deliveryNo, from, to, reason, instance);
    }

    /**
     * @param divergedAt null: what was found was this database's own, lost by a restore
     */
    void recordHealed(Checkpoint foreign, List<Long> histories, java.time.@Nullable OffsetDateTime divergedAt) {
        jdbc.update(
                HEAL,
                foreign.place(),
                MessageRepository.bigints(histories.toArray(Long[]::new)),
                divergedAt,
                partition);
    }

    void stop(String reason, long knownPosition) {
        jdbc.update(STOP, reason, knownPosition, partition);
    }

    void setStoppedKnownPosition(long position) {
        jdbc.update(SET_STOPPED_KNOWN, position, partition);
    }

    /** The fence of the pause or stop that is on was seen in the queue. */
    void recordFence() {
        jdbc.update(RECORD_FENCE, partition);
    }

    /** Returns false when another one was recorded at the same time. */
    boolean recordQueue(String name) {
        return jdbc.update(RECORD_QUEUE, name) > 0;
    }

    List<Mark> undecidedMarks(long after, long upTo) {
        return jdbc.query(
                UNDECIDED_MARKS, (row, n) -> new Mark(row.getLong(1), row.getLong(2)), partition, after, upTo);
    }

    void deleteMark(Mark mark) {
        jdbc.update(DELETE_MARK, mark.id());
    }

    void mark(long id, long position, String reason) {
        if (jdbc.update(UPDATE_MARK, position, reason, instance, id) == 0) {
            jdbc.update(INSERT_MARK, id, partition, position, reason, instance);
        }
    }

    /** Writes the lowest position above {@code delivered} that is marked into the partition's row. */
    void updateLowestMark(long delivered) {
        jdbc.update(SET_LOWEST_PARKED, jdbc.queryForObject(LOWEST_MARK, Long.class, partition, delivered), partition);
    }
}

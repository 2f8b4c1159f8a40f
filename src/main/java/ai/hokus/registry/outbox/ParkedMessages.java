package ai.hokus.registry.outbox;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * Keeps the marks of parked messages correct. A message is marked before it is skipped, so a mark alone does not tell whether it
 * was skipped, or delivered by another relay. The checkpoint tells: that of a skip has a nonce of its own. Every method needs an
 * open transaction that holds the partition's row. Thread-safe.
 */
record ParkedMessages(JdbcTemplate jdbc, PartitionRepository repository, int partition, String instance) {

    void mark(long id, long position, String reason) {
        String update = "UPDATE outbox_parked SET position = ?, reason = ?, instance = ? WHERE id = ?";
        if (jdbc.update(update, position, reason, instance, id) == 0) {
            jdbc.update("""
                    INSERT INTO outbox_parked (id, partition_id, position, reason, instance) VALUES (?, ?, ?, ?, ?)
                    """, id, partition, position, reason, instance);
        }
    }

    void updateLowest(long delivered) {
        jdbc.update("""
                UPDATE outbox_partition SET lowest_parked_position =
                    (SELECT min(k.position) FROM outbox_parked k
                     WHERE k.partition_id = ? AND k.resolution IS NULL AND k.position > ?)
                WHERE partition_id = ?
                """, partition, delivered, partition);
    }

    /**
     * Whether all checkpoints are needed to tell what became of the positions to acknowledge: some are marked, or there are more
     * than one append can have passed, because this database was restored.
     */
    boolean wantsAllCheckpoints(
            PartitionRepository.Row row, LogEnd log, Reconciliation queue, ObservedCheckpoints seen) {
        if (seen.complete() || queue.known() <= log.delivered()) {
            return false;
        }
        Long lowest = row.lowestParkedPosition();
        if (lowest != null && lowest <= queue.known()) {
            return true;
        }
        if (queue.known() >= log.firstPosition()) {
            return log.delivered() + 1 < log.firstPosition();
        }
        PartitionRepository.Batch batch = repository.batchAt(queue.known());
        return batch != null && log.delivered() + 1 < batch.firstPosition();
    }

    /**
     * Corrects the marks when positions after {@code from}, up to {@code to}, are acknowledged. A mark is deleted unless its
     * message was skipped. A message that was skipped is marked again if this database lost the mark.
     */
    void acknowledge(PartitionRepository.Row row, long from, long to, ObservedCheckpoints seen) {
        Map<Long, Checkpoint> skips = seen.readable()
                .filter(checkpoint ->
                        checkpoint.isSkip() && checkpoint.position() > from && checkpoint.position() <= to)
                .collect(Collectors.toMap(Checkpoint::position, skip -> skip, (newer, older) -> newer));
        if (row.lowestParkedPosition() == null && skips.isEmpty()) {
            return;
        }
        List<Long> marked = jdbc.queryForList("""
                SELECT position FROM outbox_parked
                WHERE partition_id = ? AND resolution IS NULL AND position > ? AND position <= ?
                """, Long.class, partition, from, to);
        marked.stream()
                .filter(position -> !skips.containsKey(position) && reachesBelow(position, to, seen))
                .forEach(position -> jdbc.update("""
                        DELETE FROM outbox_parked WHERE partition_id = ? AND position = ? AND resolution IS NULL
                        """, partition, position));
        marked.forEach(skips::remove);
        skips.values().forEach(this::markAgain);
        updateLowest(to);
    }

    /**
     * Whether a skip of this position would be seen: the newest checkpoint is that of the append that passed it and ended at
     * {@code to}, or the list reaches back below it. Otherwise a skip may have been forgotten, and the mark stays, for an
     * operator.
     */
    private boolean reachesBelow(long position, long to, ObservedCheckpoints seen) {
        return seen.readable()
                        .findFirst()
                        .filter(newest -> newest.nonce() == Checkpoint.APPEND && newest.position() == to)
                        .filter(newest -> repository.hasBatch(to, newest.batchId()))
                        .isPresent()
                || seen.newestFirst().stream()
                        .map(Checkpoint::parse)
                        .anyMatch(checkpoint -> checkpoint != null && checkpoint.position() < position);
    }

    private void markAgain(Checkpoint skip) {
        PartitionRepository.Batch batch = repository.batchAt(skip.position());
        if (batch != null && batch.batchId() == skip.batchId()) {
            mark(
                    batch.messageIds()[Math.toIntExact(skip.position() - batch.firstPosition())],
                    skip.position(),
                    "skipped because Redis refused it; the reason was lost when this database was restored");
        }
    }
}

package ai.hokus.registry.outbox;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Keeps the marks of parked messages true. A message is marked before it is skipped, so a mark alone does not tell whether it
 * was skipped or, by another relay, delivered. The checkpoint tells: that of a skip has a nonce of its own.
 *
 * <p>Every method needs an open transaction that holds the partition's row. Thread-safe.
 */
final class ParkedMessages {

    private final PartitionRepository repository;
    private final PartitionJournal journal;

    ParkedMessages(PartitionRepository repository, PartitionJournal journal) {
        this.repository = repository;
        this.journal = journal;
    }

    /**
     * Whether the newest checkpoint alone does not tell what became of the positions that are to be acknowledged: some are marked,
     * or there are more than one append can have passed, since this database was restored.
     */
    boolean wantsAllCheckpoints(PartitionRepository.Row row, LogEnd log, Reconciliation queue, ClaimRequest request) {
        if (request.seen().complete() || queue.known() <= log.delivered()) {
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
     * Positions after {@code from}, up to {@code to}, are acknowledged. A mark among them goes, unless its message was skipped; and
     * a message that was skipped, although this database lost the mark, is marked again.
     */
    void acknowledge(PartitionRepository.Row row, long from, long to, ObservedCheckpoints seen) {
        Map<Long, Checkpoint> skips = seen.readable()
                .filter(checkpoint ->
                        checkpoint.isSkip() && checkpoint.position() > from && checkpoint.position() <= to)
                .collect(Collectors.toMap(Checkpoint::position, skip -> skip, (newer, older) -> newer));
        if (row.lowestParkedPosition() == null && skips.isEmpty()) {
            return;
        }
        List<PartitionJournal.Mark> marks = journal.undecidedMarks(from, to);
        marks.stream()
                .filter(mark -> !skips.containsKey(mark.position()) && reachesBelow(mark.position(), seen))
                .forEach(journal::deleteMark);
        marks.forEach(mark -> skips.remove(mark.position()));
        skips.values().forEach(this::markAgain);
        journal.updateLowestMark(to);
    }

    /**
     * Whether a skip of this position would be seen: the newest append is the one that passed it, or the list reaches back below it.
     * Otherwise a skip may have been forgotten, and the mark stays, for an operator.
     */
    private static boolean reachesBelow(long position, ObservedCheckpoints seen) {
        return seen.readable()
                        .findFirst()
                        .filter(newest -> newest.nonce() == Checkpoint.APPEND)
                        .isPresent()
                || seen.newestFirst().stream()
                        .map(Checkpoint::parse)
                        .anyMatch(checkpoint -> checkpoint != null && checkpoint.position() < position);
    }

    private void markAgain(Checkpoint skip) {
        PartitionRepository.Batch batch = repository.batchAt(skip.position());
        if (batch != null && batch.batchId() == skip.batchId()) {
            journal.mark(
                    batch.messageIds()[Math.toIntExact(skip.position() - batch.firstPosition())],
                    skip.position(),
                    "skipped because Redis refused it; the reason was lost when this database was restored");
        }
    }
}

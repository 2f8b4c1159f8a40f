package ai.hokus.registry.outbox;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the messages that are in no batch, in the order of their ids. Needs an open transaction that holds the partition's row.
 *
 * <ol>
 *   <li>A cursor that was made for another log is brought up to date: the batches that it does not know are read, a bounded
 *       number in each claim.
 *   <li>A new scan begins if none is under way, or if a new one can prove more. Once every transaction that can have drawn an id
 *       up to the log's sample is over, a scan that begins now settles the ids that it passes, up to the sample. It ends at the
 *       highest id that is visible now.
 *   <li>The ids that are in no batch are looked up in their order. An id that is not there may be committed later, or never:
 *       the next scan looks for it again, until it is settled.
 * </ol>
 */
record MessageScan(PartitionRepository repository, MessageRepository messages, SqlDialect dialect) {

    /** Pages of the batch log that one claim reads to bring its cursor up to date: 100 of small batches take about 0.1 s. */
    private static final int MAX_PAGES = 100;

    /** Ids on those pages, about: 500,000 take about 0.2 s. */
    private static final int MAX_LOADED_IDS = 500_000;

    /** If there are more ranges, most are ids of other partitions. Those are then looked up and taken out. */
    private static final int MAX_RANGES = 1_000;

    /**
     * {@code complete}: the scan has come to its end, and no higher id became visible since it began. It may have passed an id
     * before the message was there: the next scan looks for that again.
     */
    record Found(List<OutboxMessage> messages, boolean more, boolean complete, ScanCursor cursor) {}

    Found next(@Nullable ScanCursor remembered, LogEnd log, int maxMessages, long maxBytes) {
        ScanCursor cursor = upToDate(remembered, log);
        int ids = 0;
        for (int page = 0; cursor.isLoading(); page++) {
            if (page == MAX_PAGES || ids > MAX_LOADED_IDS) {
                return new Found(List.of(), true, false, cursor);
            }
            PartitionRepository.Page loaded = repository.loadPage(cursor);
            cursor = loaded.cursor();
            ids += loaded.ids();
        }
        boolean begins = cursor.ended() || log.settledSample() > Math.max(cursor.provable(), cursor.settled());
        if (begins) {
            cursor = cursor.begun(log);
        }
        if (cursor.unclaimed().size() > MAX_RANGES) {
            IdRanges behind = cursor.unclaimed().first(cursor.unclaimed().size() - 1); // the last one is the backlog
            cursor = cursor.without(messages.idsOfOtherPartitions(behind), ScanCursor.Loading.DONE);
        }
        MessageRepository.Messages found = messages.unclaimed(cursor.ahead(), maxMessages, maxBytes);
        long[] taken = found.messages().stream().mapToLong(OutboxMessage::id).toArray();
        ScanCursor after = cursor.found(taken, found.scannedTo(), found.more());
        boolean complete = !found.more() && (begins || cursor.upTo() == log.highestId());
        return new Found(found.messages(), found.more(), complete, after);
    }

    private ScanCursor upToDate(@Nullable ScanCursor cursor, LogEnd log) {
        if (dialect.idsFollowCommits()) {
            return ScanCursor.fresh(log, ScanCursor.Loading.DONE);
        }
        ScanCursor fresh = ScanCursor.fresh(log, new ScanCursor.Loading(false, log.settledId()));
        if (cursor == null || cursor.log().serverStart() != log.serverStart() || log.highestId() < cursor.upTo()) {
            return fresh;
        }
        if (cursor.log().equals(ScanCursor.Log.of(log))) {
            return cursor;
        }
        boolean continued = !cursor.isLoading()
                && cursor.log().batchId() != 0
                && log.settledId() < cursor.upTo() // else nothing of what it remembers is needed any more
                && repository.hasBatch(cursor.log().position(), cursor.log().batchId());
        return continued ? cursor.catchingUp(log) : fresh;
    }
}

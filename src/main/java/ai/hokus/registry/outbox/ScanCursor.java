package ai.hokus.registry.outbox;

/**
 * What one relay remembers of the ids that it looked at, so that it need not read the batch log again for each claim. Valid
 * only for the log that ends with the batch it names, or that once did, and only until the server restarts: a database that is
 * restored may end with the same batch, and have other transactions. Immutable.
 *
 * <p>One scan goes through the ids that are in no batch, in their order, up to the highest one when it began. Without that
 * bound it would break a model's order: id 50 can commit after the scan passed it, and id 120, of the same model, right after.
 *
 * @param endPosition the last position of the newest batch; 0: the log was empty
 * @param endBatchId the newest batch; 0: the log was empty
 * @param serverStart of the server on which this was found
 * @param unclaimed the ids up to {@code upTo} that are in no batch: not committed, rolled back, of another partition, or next
 * @param upTo bound of the scan
 * @param after how far the scan has come
 * @param ended whether the scan has come to its end; the next claim begins another
 * @param provable up to here, what this scan has passed is settled; 0: nothing new
 * @param settled every id up to here is in a batch, or will never exist: what the log says, or what a scan has proved since
 * @param loading the log has batches that are not taken out of {@code unclaimed} yet; null: it has none
 */
public record ScanCursor(
        long endPosition,
        long endBatchId,
        long serverStart,
        IdRanges unclaimed,
        long upTo,
        long after,
        boolean ended,
        long provable,
        long settled,
        Loading loading) {

    /**
     * Where the reading of the batch log stands.
     *
     * @param byPosition true: batches after a position, in their order; false: batches with a highest id above some id, in the order of these
     * @param after the position or id of the last batch that was read
     */
    record Loading(boolean byPosition, long after) {
        static final Loading DONE = new Loading(false, Long.MAX_VALUE);
    }

    boolean isLoading() {
        return !loading.equals(Loading.DONE);
    }

    /**
     * Nothing is remembered.
     *
     * @param loading what is to be read of the log
     */
    static ScanCursor fresh(LogEnd log, Loading loading) {
        return new ScanCursor(
                log.lastPosition(),
                log.batchId(),
                log.serverStart(),
                IdRanges.between(log.settledId(), log.highestId()),
                log.highestId(),
                0,
                true,
                0,
                log.settledId(),
                loading);
    }

    /** Others claimed: their batches after the one that was the newest are to be read. */
    ScanCursor catchingUp(LogEnd log) {
        return new ScanCursor(
                log.lastPosition(),
                log.batchId(),
                log.serverStart(),
                unclaimed.plus(upTo, log.highestId()),
                Math.max(upTo, log.highestId()),
                0,
                true,
                0,
                Math.max(settled, log.settledId()),
                new Loading(true, endPosition));
    }

    ScanCursor without(long[] ids, Loading next) {
        return new ScanCursor(
                endPosition,
                endBatchId,
                serverStart,
                unclaimed.minus(ids),
                upTo,
                after,
                ended,
                provable,
                settled,
                next);
    }

    /** A new scan, up to the highest id that is visible now. */
    ScanCursor begun(LogEnd log) {
        return new ScanCursor(
                endPosition,
                endBatchId,
                serverStart,
                unclaimed.above(settled).plus(upTo, log.highestId()),
                Math.max(upTo, log.highestId()),
                0,
                false,
                log.settledSample(),
                settled,
                Loading.DONE);
    }

    /**
     * These were found and are about to be claimed.
     *
     * @param scannedTo how far the scan has come with them
     * @param more without, the scan has come to its end
     */
    ScanCursor found(long[] ids, long scannedTo, boolean more) {
        long proved = Math.max(settled, more ? Math.min(provable, scannedTo) : provable);
        return new ScanCursor(
                endPosition,
                endBatchId,
                serverStart,
                unclaimed.minus(ids).above(proved),
                upTo,
                scannedTo,
                !more,
                more ? provable : 0,
                proved,
                Loading.DONE);
    }

    ScanCursor endingWith(long position, long batchId) {
        return new ScanCursor(
                position, batchId, serverStart, unclaimed, upTo, after, ended, provable, settled, loading);
    }

    /** What the scan has yet to look at. */
    IdRanges ahead() {
        return unclaimed.above(after);
    }
}

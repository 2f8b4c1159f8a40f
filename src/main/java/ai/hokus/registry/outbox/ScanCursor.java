package ai.hokus.registry.outbox;

/**
 * What one relay remembers of the ids that it looked at, so that it need not read the batch log again for each claim. A scan goes
 * through the ids that are in no batch, in their order, up to the highest one that was visible when it began. Without that bound,
 * id 50 could commit just after the scan has passed it, and the scan would then take id 120 of the same model.
 *
 * @param unclaimed the ids up to {@code upTo} that are in no batch: not committed, rolled back, of another partition, or
 *     still to be claimed
 * @param after how far the scan has come
 * @param provable ids up to here are settled once this scan has passed them; 0: nothing new
 * @param settled every id up to here is in a batch, or will never exist: what the log says, or what a scan has proved since
 * @param loading which batches are yet to be taken out of {@code unclaimed}
 */
public record ScanCursor(
        Log log,
        IdRanges unclaimed,
        long upTo,
        long after,
        boolean ended,
        long provable,
        long settled,
        Loading loading) {

    /** A log, known by its newest batch and by the server's start: a restored database may end with the same batch. */
    record Log(long position, long batchId, long serverStart) {
        static Log of(LogEnd end) {
            return new Log(end.lastPosition(), end.batchId(), end.serverStart());
        }
    }

    /**
     * Which batches are yet to be read: those after a position, in the order of positions; or those with a highest id above
     * {@code after}, in the order of their highest ids.
     */
    record Loading(boolean byPosition, long after) {
        static final Loading DONE = new Loading(false, Long.MAX_VALUE);
    }

    boolean isLoading() {
        return !loading.equals(Loading.DONE);
    }

    static ScanCursor fresh(LogEnd end, Loading loading) {
        IdRanges above = IdRanges.between(end.settledId(), end.highestId());
        return new ScanCursor(Log.of(end), above, end.highestId(), 0, true, 0, end.settledId(), loading);
    }

    /** Other relays have claimed: the batches after the one that was the newest are to be read. */
    ScanCursor catchingUp(LogEnd end) {
        IdRanges more = unclaimed.plus(upTo, end.highestId());
        long bound = Math.max(upTo, end.highestId());
        long known = Math.max(settled, end.settledId());
        return new ScanCursor(Log.of(end), more, bound, 0, true, 0, known, new Loading(true, log.position()));
    }

    ScanCursor without(long[] ids, Loading next) {
        return new ScanCursor(log, unclaimed.minus(ids), upTo, after, ended, provable, settled, next);
    }

    ScanCursor begun(LogEnd end) {
        IdRanges above = unclaimed.above(settled).plus(upTo, end.highestId());
        long bound = Math.max(upTo, end.highestId());
        return new ScanCursor(log, above, bound, 0, false, end.settledSample(), settled, Loading.DONE);
    }

    /** These are about to be claimed; the scan has come to {@code scannedTo} with them or, without {@code more}, to its end. */
    ScanCursor found(long[] ids, long scannedTo, boolean more) {
        long proved = Math.max(settled, Math.min(provable, more ? scannedTo : upTo));
        IdRanges left = unclaimed.minus(ids).above(proved);
        return new ScanCursor(log, left, upTo, scannedTo, !more, more ? provable : 0, proved, Loading.DONE);
    }

    ScanCursor endingWith(long position, long batchId) {
        Log longer = new Log(position, batchId, log.serverStart());
        return new ScanCursor(longer, unclaimed, upTo, after, ended, provable, settled, loading);
    }

    IdRanges ahead() {
        return unclaimed.above(after);
    }
}

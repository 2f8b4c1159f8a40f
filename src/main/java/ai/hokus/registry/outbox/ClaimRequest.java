package ai.hokus.registry.outbox;

/**
 * What a relay wants to claim, and what it knows.
 *
 * @param seen the queue's checkpoints
 * @param confirmed whether two looks, with no transaction open between them, saw the same newest checkpoint
 * @param scan where this pass's walk stands
 * @param maxMessages at least 1
 * @param maxBytes of payload, UTF-8; one message is always claimed, however large
 * @param appended the positions that the caller itself has just seen appended
 * @param relay the caller's name, for the operators
 */
public record ClaimRequest(
        Sighting seen, boolean confirmed, Scan scan, int maxMessages, long maxBytes, Appended appended, String relay) {

    /** Positions of one append, both included. */
    public record Appended(long from, long to) {
        public static final Appended NOTHING = new Appended(0, -1);
    }
}

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
 * @param underWay the position of the last message of an append of the caller's that is not answered yet: what comes after
 *     it is claimed; 0: none is
 * @param relay the caller's name, for the operators
 */
public record ClaimRequest(
        Sighting seen,
        boolean confirmed,
        Scan scan,
        int maxMessages,
        long maxBytes,
        Appended appended,
        long underWay,
        String relay) {

    /** With no append under way. */
    public ClaimRequest(
            Sighting seen,
            boolean confirmed,
            Scan scan,
            int maxMessages,
            long maxBytes,
            Appended appended,
            String relay) {
        this(seen, confirmed, scan, maxMessages, maxBytes, appended, 0, relay);
    }

    /** Positions of one append, both included. */
    public record Appended(long from, long to) {
        public static final Appended NOTHING = new Appended(0, -1);
    }
}

package ai.hokus.registry.outbox;

import org.jspecify.annotations.Nullable;

/**
 * What a relay wants to claim, and what it knows.
 *
 * @param seen the queue's checkpoints
 * @param confirmed whether two looks, with no transaction open between them, saw the same newest checkpoint
 * @param scan where this pass's walk stands
 * @param maxMessages at least 1
 * @param maxBytes of payload, UTF-8; one message is always claimed, however large
 * @param appended the positions that the caller itself has just seen appended
 * @param underWay an append of the caller's that is not answered yet: what comes after it is claimed, and {@code seen} and
 *     {@code confirmed} are not looked at; null: none is
 * @param relay the caller's name, for the operators
 */
public record ClaimRequest(
        Sighting seen,
        boolean confirmed,
        Scan scan,
        int maxMessages,
        long maxBytes,
        Appended appended,
        @Nullable UnderWay underWay,
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
        this(seen, confirmed, scan, maxMessages, maxBytes, appended, null, relay);
    }

    /**
     * An append that is not answered yet.
     *
     * @param after the position that the queue was at, as far as the caller saw
     * @param last the checkpoint of its last message
     */
    public record UnderWay(long after, Checkpoint last) {}

    /** Positions of one append, both included. */
    public record Appended(long from, long to) {
        public static final Appended NOTHING = new Appended(0, -1);
    }
}

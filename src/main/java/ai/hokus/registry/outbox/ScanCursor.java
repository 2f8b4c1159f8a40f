package ai.hokus.registry.outbox;

/**
 * How far one walk over the messages without a position has come.
 *
 * <p>A walk takes only ids up to the highest one that was visible when it began. Without that bound it would break a
 * model's order: id 50 can commit after the walk passed it, and id 120, of the same model, right after that.
 *
 * @param after ids up to here have been walked
 * @param upTo the bound; {@link #NEW} has none yet
 */
public record Scan(long after, long upTo) {

    /** A walk that has not begun. */
    public static final Scan NEW = new Scan(0, -1);

    boolean begun() {
        return upTo >= 0;
    }
}

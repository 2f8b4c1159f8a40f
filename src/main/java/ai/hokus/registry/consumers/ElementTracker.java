package ai.hokus.registry.consumers;

import ai.hokus.registry.queue.ConsumerList;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Remembers since when the elements of one list have been seen in it. An element is recognised by a digest of its text, so that
 * the memory needed does not depend on its size. Thread-safe; one thread looks.
 */
final class ElementTracker {

    private final ConsumerList list;
    private final Clock clock;
    private final Clock steady;

    /** Immutable; replaced, with the lock on this, by each look and when elements begin anew. */
    private volatile Map<UUID, Tracked> tracked = Map.of();

    /** @param steady for ages: setting the machine's clock makes nothing older */
    ElementTracker(ConsumerList list, Clock clock, Clock steady) {
        this.list = list;
        this.clock = clock;
        this.steady = steady;
    }

    /** @param since when it was first seen in the list */
    record Tracked(QueueElement element, Instant since, Instant steadySince) {}

    /** Forgets what is no longer there; returns the elements in their order. */
    synchronized List<Tracked> look(List<String> elements) {
        Map<UUID, Tracked> before = tracked;
        Map<UUID, Tracked> now = new HashMap<>();
        List<Tracked> inOrder = new ArrayList<>(elements.size());
        for (String text : elements) {
            inOrder.add(now.computeIfAbsent(digest(text), digest -> {
                Tracked known = before.get(digest);
                return known != null
                        ? known
                        : new Tracked(QueueElement.of(text, list), clock.instant(), steady.instant());
            }));
        }
        tracked = Map.copyOf(now);
        return inOrder;
    }

    /**
     * Forgets elements that were put back into the queue: a consumer may take them again before the next look. Waits for a look
     * that is under way, which would remember them.
     */
    synchronized void beginAnew(List<String> texts) {
        Map<UUID, Tracked> others = new HashMap<>(tracked);
        texts.forEach(text -> others.remove(digest(text)));
        tracked = Map.copyOf(others);
    }

    /** How long this element has been seen in the list; zero: not yet. */
    Duration age(String text) {
        Tracked known = tracked.get(digest(text));
        return known == null ? Duration.ZERO : age(known);
    }

    Duration age(Tracked known) {
        return Duration.between(known.steadySince(), steady.instant());
    }

    private static UUID digest(String text) {
        return UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8));
    }
}

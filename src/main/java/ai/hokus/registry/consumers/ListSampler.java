package ai.hokus.registry.consumers;

import ai.hokus.registry.consumers.ConsumerStatus.Element;
import ai.hokus.registry.consumers.ConsumerStatus.Listed;
import ai.hokus.registry.consumers.ElementTracker.Tracked;
import ai.hokus.registry.outbox.Checkpoint;
import ai.hokus.registry.outbox.OutboxPartitions;
import ai.hokus.registry.outbox.OutboxSettings;
import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSnapshot;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * Looks at the queue and its lists, and notes what it sees. Confined to the sampler's thread.
 *
 * <p>What a look costs: in Redis one script with an LTRIM that trims nothing, three LLEN, at most 1,000 elements or 4 MB of each
 * of two lists, and one LINDEX for each partition; in the database, if the queue is not empty, indexed counts of skipped positions.
 */
@Component
final class ListSampler {

    private static final Logger log = LoggerFactory.getLogger(ListSampler.class);

    /** Dead letters are never stuck: no consumer works on them. */
    private static final Duration NEVER = ChronoUnit.FOREVER.getDuration();

    private final List<ProducerId> producers;
    private final ElementTracker processing;
    private final ElementTracker dlq;
    private final TakenPositions positions;
    private final TakenMessages outbox;
    private final Duration stuckAfter;
    private final Clock clock;

    ListSampler(
            OutboxPartitions partitions,
            OutboxSettings outboxSettings,
            TakenPositions positions,
            TakenMessages outbox,
            ConsumerSettings settings,
            Clock clock,
            @Qualifier("steadyClock") Clock steady) {
        this.producers = IntStream.range(0, outboxSettings.partitions())
                .mapToObj(partition -> new ProducerId(partitions.outboxId(), partition))
                .toList();
        this.processing = new ElementTracker(ConsumerList.PROCESSING, clock, steady);
        this.dlq = new ElementTracker(ConsumerList.DLQ, clock, steady);
        this.positions = positions;
        this.outbox = outbox;
        this.stuckAfter = settings.stuckAfter();
        this.clock = clock;
    }

    Duration stuckAfter() {
        return stuckAfter;
    }

    /** How long this element has been seen in {@code :processing}; zero: not yet. For any thread. */
    Duration processingAge(String text) {
        return processing.age(text);
    }

    /** These elements were put back from the list, and are not as old there any more if they come back. For any thread. */
    void putBack(ConsumerList list, List<String> texts) {
        (list == ConsumerList.PROCESSING ? processing : dlq).beginAnew(texts);
    }

    /** @throws ai.hokus.registry.queue.QueueUnavailableException when Redis does not answer, or may not be asked */
    ConsumerStatus look(ConsumerLists lists) {
        QueueSnapshot snapshot = lists.snapshot(producers);
        Instant now = clock.instant();
        Listed taken = listed(snapshot.processing(), processing, stuckAfter);
        Listed dead = listed(snapshot.dlq(), dlq, NEVER);
        notePositions(snapshot, taken, dead, now);
        return new ConsumerStatus(now, snapshot.limitation(), snapshot.depth(), taken, dead, null, null);
    }

    private Listed listed(QueueSnapshot.Listed list, ElementTracker tracker, Duration stuckFrom) {
        List<Tracked> tracked = tracker.look(list.oldestFirst());
        Optional<Tracked> oldest = tracked.stream().min(Comparator.comparing(Tracked::steadySince));
        return new Listed(
                list.depth(),
                oldest.map(Tracked::since).orElse(null),
                oldest.map(tracker::age).orElse(Duration.ZERO),
                (int) tracked.stream().filter(t -> !t.element().readable()).count(),
                tracked.stream()
                        .map(t -> new Element(
                                t.element(), t.since(), tracker.age(t).compareTo(stuckFrom) >= 0))
                        .toList());
    }

    private void notePositions(QueueSnapshot snapshot, Listed taken, Listed dead, Instant now) {
        List<UUID> unfinished = Stream.concat(taken.elements().stream(), dead.elements().stream())
                .flatMap(element -> QueueElement.uuid(element.says().messageId()).stream())
                .distinct()
                .toList();
        long known = Stream.of(taken, dead)
                .mapToLong(list -> list.elements().size() - list.unreadable())
                .sum();
        long unknown = snapshot.processing().depth() + snapshot.dlq().depth() - known;
        for (ProducerId producer : producers) {
            String text = snapshot.newestCheckpoints().get(producer);
            Checkpoint newest = text == null ? null : Checkpoint.parse(text);
            if (newest == null) {
                continue;
            }
            try {
                long position = outbox.takenPosition(producer.partition(), newest.position(), snapshot.depth());
                positions.saw(producer.partition(), new TakenMessages.Seen(newest, position, unfinished, unknown), now);
            } catch (DataAccessException e) {
                log.debug("Parked messages cannot be counted, so what was taken is not known", e);
                return; // each further failure can take seconds, and the next look waits for them
            }
        }
    }
}

package ai.hokus.registry.consumers;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.stereotype.Component;

/**
 * The last look at the consumers' lists. Reading it does no I/O and takes no lock. Thread-safe; one thread writes, any
 * thread reads.
 */
@Component
public class ConsumerCache {

    private final Clock steady;
    private final TakenPositions positions;
    private final TakenLatency latency;
    private volatile Sampled sampled =
            new Sampled(ConsumerStatus.unknown(null, "the consumers' lists were not looked at yet"), Instant.MAX);

    /** @param staleAt by the steady clock */
    private record Sampled(ConsumerStatus status, Instant staleAt) {}

    ConsumerCache(TakenPositions positions, TakenLatency latency, @Qualifier("steadyClock") Clock steady) {
        this.positions = positions;
        this.latency = latency;
        this.steady = steady;
    }

    public ConsumerStatus current() {
        Sampled last = sampled;
        return last.staleAt().isBefore(steady.instant())
                ? ConsumerStatus.unknown(last.status().sampledAt(), "the last look at the consumers' lists is too old")
                : last.status();
    }

    /**
     * What became of a message after it came into the queue, as far as this instance has seen it; null: not seen.
     *
     * @param taken whether a consumer has taken it; false: it is in the queue; null: not known, or it was put back
     * @param takenAt when it was first seen to have been taken
     * @param stuckSince when it was first seen in {@code :processing}, if it counts as stuck
     * @param deadLetteredAt when consumers gave it up
     */
    public record Trace(
            @Nullable Boolean taken,
            @Nullable Instant takenAt,
            @Nullable Instant stuckSince,
            @Nullable Instant deadLetteredAt) {}

    /** What became of a message. If its position in its partition is not known (null), only the lists are looked at. */
    public Trace trace(String messageId, int partition, @Nullable Long position) {
        ConsumerStatus status = current();
        ConsumerStatus.Element processed = find(status.processing(), messageId);
        ConsumerStatus.Element dead = find(status.dlq(), messageId);
        Instant takenAt = position == null ? null : positions.takenAt(partition, position);
        if (takenAt == null && processed != null) {
            takenAt = processed.seenSince();
        }
        Boolean taken = (position == null || status.depth() == null) ? null : positions.taken(partition, position);
        return new Trace(
                (processed != null || dead != null) ? Boolean.TRUE : taken,
                takenAt,
                processed != null && processed.stuck() ? processed.seenSince() : null,
                dead == null ? null : failedAt(dead));
    }

    private static ConsumerStatus.@Nullable Element find(ConsumerStatus.Listed list, String messageId) {
        return list.elements().stream()
                .filter(element -> messageId.equals(element.says().messageId()))
                .findFirst()
                .orElse(null);
    }

    /** The time that the element gives; if there is none that can be read, when the element was first seen. */
    private static Instant failedAt(ConsumerStatus.Element element) {
        QueueElement.DeadLetter end = element.says().deadLetter();
        return end == null || end.failedAt() == null ? element.seenSince() : end.failedAt();
    }

    /** @param staleAfter when the next look is overdue */
    void sampled(ConsumerStatus status, Duration staleAfter) {
        sampled = new Sampled(measured(status), steady.instant().plus(staleAfter));
    }

    /** Nothing is known from now on, until the next sample. */
    void unknown(String reason) {
        ConsumerStatus status = ConsumerStatus.unknown(sampled.status().sampledAt(), reason);
        sampled = new Sampled(measured(status), Instant.MAX);
    }

    private ConsumerStatus measured(ConsumerStatus status) {
        return status.with(latency.percentile(0.5), latency.percentile(0.99));
    }
}

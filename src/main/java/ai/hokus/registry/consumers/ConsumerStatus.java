package ai.hokus.registry.consumers;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a look at the consumers' lists. Immutable; the HTTP answers contain {@link Listed} unchanged.
 *
 * @param sampledAt when; null: not yet
 * @param unavailableReason why something is not known, in words; null: everything is known
 * @param depth elements in the queue; null: not known
 * @param takenP50 median time from a message's writing until it was seen to be taken, in the last five minutes; null: none was
 * @param takenP99 likewise the 99th percentile
 */
public record ConsumerStatus(
        @Nullable Instant sampledAt,
        @Nullable String unavailableReason,
        @Nullable Long depth,
        Listed processing,
        Listed dlq,
        @Nullable Duration takenP50,
        @Nullable Duration takenP99) {

    static ConsumerStatus unknown(@Nullable Instant sampledAt, String reason) {
        return new ConsumerStatus(sampledAt, reason, null, Listed.UNKNOWN, Listed.UNKNOWN, null, null);
    }

    ConsumerStatus with(@Nullable Duration p50, @Nullable Duration p99) {
        return new ConsumerStatus(sampledAt, unavailableReason, depth, processing, dlq, p50, p99);
    }

    /**
     * One list.
     *
     * @param depth all its elements; null: not known
     * @param oldestSeenAt when the element that has been seen there the longest was first seen; null: there is none
     * @param oldestAge how long that was ago at the last look; zero: there is none
     * @param unreadable how many of {@code elements} are no messages
     * @param elements the oldest first, at most 1,000
     */
    public record Listed(
            @Nullable Long depth,
            @Nullable Instant oldestSeenAt,
            @JsonIgnore Duration oldestAge,
            int unreadable,
            List<Element> elements) {

        static final Listed UNKNOWN = new Listed(null, null, Duration.ZERO, 0, List.of());

        public long stuck() {
            return elements.stream().filter(Element::stuck).count();
        }
    }

    /**
     * One element.
     *
     * @param seenSince when this instance first saw it in the list; it may have been there before
     * @param stuck whether that is longer ago than {@code registry.consumers.stuck-after}; false for dead letters
     */
    public record Element(@JsonUnwrapped QueueElement says, Instant seenSince, boolean stuck) {}
}

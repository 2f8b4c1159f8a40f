package ai.hokus.registry.consumers;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a look at the consumers' lists; null: not known. Immutable. {@code unavailableReason}: why something is not
 * known; {@code depth}: elements in the queue; {@code takenP50} and {@code takenP99}: time from a message's writing until it
 * was seen to be taken, median and 99th percentile of the last five minutes.
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
     * One list: {@code depth} counts all its elements, {@code elements} has the oldest 1,000 of them, the oldest first. {@code
     * oldestSeenAt}: when the element that has been seen there the longest was first seen; null, with an age of zero: there is
     * none. {@code unreadable}: how many of {@code elements} are no messages.
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

    /** {@code seenSince}: when this instance first saw it; it may have come before. Dead letters are never {@code stuck}. */
    public record Element(@JsonUnwrapped QueueElement says, Instant seenSince, boolean stuck) {}
}

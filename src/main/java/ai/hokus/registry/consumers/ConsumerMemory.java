package ai.hokus.registry.consumers;

import ai.hokus.registry.queue.ConsumerList;
import java.time.Clock;

/** What is remembered between two looks; bounded. */
record ConsumerMemory(ElementTracker processing, ElementTracker dlq, TakenPositions positions, TakenLatency latency) {

    /** @param steady for what elapses; the other one for times that people read */
    ConsumerMemory(Clock clock, Clock steady) {
        this(
                new ElementTracker(ConsumerList.PROCESSING, clock, steady),
                new ElementTracker(ConsumerList.DLQ, clock, steady),
                new TakenPositions(),
                new TakenLatency(steady));
    }
}

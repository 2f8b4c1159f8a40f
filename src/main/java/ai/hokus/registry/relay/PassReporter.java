package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the log, the status and the listeners what a pass did. Confined to the relay's thread. */
final class PassReporter implements PassObserver {

    private static final Logger log = LoggerFactory.getLogger(PassReporter.class);

    private final int partition;
    private final RelayStatusTracker status;
    private final RelayListener listener;

    PassReporter(int partition, RelayStatusTracker status, RelayListener listener) {
        this.partition = partition;
        this.status = status;
        this.listener = listener;
    }

    @Override
    public void progressed(ClaimResult.Progress progress) {
        ClaimResult.Rewind rewind = progress.rewind();
        if (rewind == null) {
            return;
        }
        if (rewind.divergence()) {
            log.error(
                    "Partition {}: {}. Delivery goes on by itself. If this happens again soon: was this database restored, or"
                            + " does a copy of it run against the same Redis?",
                    partition,
                    rewind.reason());
        }
        if (rewind.from() > rewind.to()) {
            log.warn(
                    "Partition {}: {}; {} messages, positions {} to {}, are sent again with their old message_ids.",
                    partition,
                    rewind.reason(),
                    rewind.from() - rewind.to(),
                    rewind.to() + 1,
                    rewind.from());
            listener.rewound(partition, rewind.from(), rewind.to());
        }
    }

    /** While the queue is full, an append of what fits does not end the back-pressure: the end of the pass tells. */
    @Override
    public void appended(List<OutboxMessage> messages, Duration took) {
        if (status.status().state() != RelayState.QUEUE_FULL) {
            status.become(RelayState.DELIVERING, null, "Partition {}: delivering.");
        }
        listener.appended(
                partition, messages.stream().map(OutboxMessage::createdAt).toList(), took);
    }

    @Override
    public void parked(OutboxMessage message, String error) {
        log.error(
                "Partition {}: the queue refuses message {} of {} alone ({}). It is parked and skipped, all others"
                        + " are delivered; an operator requeues or discards it.",
                partition,
                message.messageId(),
                message.key(),
                error);
        listener.parked(partition);
    }

    @Override
    public void depth(long elements) {
        status.queueDepth(elements);
    }

    @Override
    public void warned(String warning) {
        log.warn("Partition {}: appended, but: {}", partition, warning);
    }
}

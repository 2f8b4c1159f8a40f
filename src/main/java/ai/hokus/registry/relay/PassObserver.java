package ai.hokus.registry.relay;

import ai.hokus.registry.outbox.ClaimResult;
import ai.hokus.registry.outbox.OutboxMessage;
import java.time.Duration;
import java.util.List;

/** Is told what a pass does. Must neither throw nor do I/O. Called on the relay's thread, or on that of an append beside it. */
interface PassObserver {

    default void claimed(ClaimResult result) {}

    /** The queue took messages in one append, whose answer came after {@code took}. None: all of them were withheld. */
    default void appended(List<OutboxMessage> messages, Duration took) {}

    default void parked(OutboxMessage message, String error) {}

    default void depth(long elements) {}

    /** Something failed after an append had happened. */
    default void warned(String warning) {}
}

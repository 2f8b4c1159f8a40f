package ai.hokus.registry.queue;

import java.util.List;

/**
 * The queue and its {@link ConsumerList}s, as seen by somebody who is neither producer nor consumer. Elements are texts here,
 * and may be anything, because others write them.
 *
 * <p>Thread-safe. Calls block, each for no longer than a bound that the implementation states, and never delay those of {@link
 * MessageQueue}. Each throws {@link QueueUnavailableException} when the queue did not answer, or may not be asked.
 */
public interface ConsumerLists {

    /** Maximum number of elements of one list that are looked at, the oldest first. */
    int MAX_ELEMENTS = 1_000;

    /** No more elements of a list are looked at once they have this many bytes together. */
    int MAX_BYTES = 4 * 1024 * 1024;

    /** After so many elements that are gone, {@link #putBack} looks for no more: each costs a search of the whole list. */
    int MAX_GONE = 10;

    long queueDepth();

    /** The queue, its lists and the newest checkpoints of these producers, all at the same moment. */
    QueueSnapshot snapshot(List<ProducerId> producers);

    /**
     * Moves elements, all in one step, to the end of the queue that is consumed next. Consumers take the first of them first. What
     * the list no longer has is left out; after {@link #MAX_GONE} such elements the others stay. The queue's capacity does not apply, and no
     * checkpoint changes. Of equal elements the oldest is moved.
     *
     * @param elements 1 to {@link #MAX_ELEMENTS}, exactly as they are in the list
     * @param replacements what goes into the queue in their places
     * @return how many were moved
     */
    long putBack(ConsumerList list, List<String> elements, List<String> replacements);
}

package ai.hokus.registry.queue;

import java.util.List;

/** The twin keeps this contract too. */
class InMemoryConsumerListsTest extends ConsumerListsContract {

    private final InMemoryMessageQueue twin = new InMemoryMessageQueue(3, 100);

    @Override
    protected MessageQueue queue() {
        return twin;
    }

    @Override
    protected ConsumerLists lists() {
        return twin;
    }

    @Override
    protected void push(ConsumerList list, String element) {
        twin.push(list, element);
    }

    @Override
    protected List<String> elements() {
        return twin.elements();
    }
}

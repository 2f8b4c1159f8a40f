package ai.hokus.registry.queue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The queue's twin for tests of the other modules: it passes the same contract as the real one, and can be told to fail, to
 * refuse, and to forget what it had acknowledged. Thread-safe.
 */
public class InMemoryMessageQueue implements MessageQueue, ConsumerLists {

    private final long capacity;
    private final int checkpoints;
    private final List<String> notifications = new ArrayList<>();
    private State state = State.EMPTY;
    private Predicate<QueueEntry> refused = entry -> false;
    private QueueUnavailableException failure;

    /** As large as the default settings make the real one. */
    public InMemoryMessageQueue() {
        this(100_000, 1_000);
    }

    public InMemoryMessageQueue(long capacity, int checkpoints) {
        this.capacity = capacity;
        this.checkpoints = checkpoints;
    }

    @Override
    public synchronized Checkpoints newestCheckpoint(ProducerId producer) {
        failIfToldTo();
        return new Checkpoints(
                state.of(producer).stream().limit(1).toList(),
                List.of(),
                state.elements().size());
    }

    @Override
    public synchronized Checkpoints allCheckpoints(ProducerId producer) {
        failIfToldTo();
        return new Checkpoints(
                state.of(producer),
                state.milestones().getOrDefault(producer, List.of()),
                state.elements().size());
    }

    @Override
    public synchronized AppendResult append(ProducerId producer, Append append) {
        failIfToldTo();
        List<String> seen = state.of(producer);
        String newest = seen.isEmpty() ? null : seen.get(0);
        if (!Objects.equals(newest, append.expected())) {
            return new AppendResult.Stale(newest);
        }
        List<QueueEntry> entries = append.entries();
        int depth = state.elements().size();
        if (!entries.isEmpty() && depth + entries.size() > capacity) {
            return new AppendResult.Full(Math.max(capacity - depth, 0), depth);
        }
        if (entries.stream().anyMatch(refused)) {
            return new AppendResult.Refused("an element is too large: it was told to say so");
        }
        List<String> elements = new ArrayList<>(state.elements());
        entries.forEach(entry -> elements.add(entry.element()));
        List<String> moved = new ArrayList<>(List.of(append.checkpoint()));
        seen.stream().limit(checkpoints - 1L).forEach(moved::add);
        Map<ProducerId, List<String>> all = new HashMap<>(state.checkpoints());
        all.put(producer, List.copyOf(moved));
        Map<ProducerId, List<String>> milestones = new HashMap<>(state.milestones());
        if (append.milestone()) {
            List<String> kept = new ArrayList<>(List.of(append.checkpoint()));
            milestones.getOrDefault(producer, List.of()).stream()
                    .limit(checkpoints - 1L)
                    .forEach(kept::add);
            milestones.put(producer, List.copyOf(kept));
        }
        state = new State(elements, all, milestones, state.lists());
        entries.forEach(entry -> notifications.add(entry.notification()));
        return new AppendResult.Appended(elements.size(), List.of());
    }

    @Override
    public synchronized long queueDepth() {
        failIfToldTo();
        return state.elements().size();
    }

    @Override
    public synchronized QueueSnapshot snapshot(List<ProducerId> producers) {
        failIfToldTo();
        Map<ProducerId, String> newest = new HashMap<>();
        producers.forEach(producer -> state.of(producer).stream().limit(1).forEach(text -> newest.put(producer, text)));
        return new QueueSnapshot(
                state.elements().size(), listed(ConsumerList.PROCESSING), listed(ConsumerList.DLQ), newest, null);
    }

    private QueueSnapshot.Listed listed(ConsumerList list) {
        List<String> all = state.list(list);
        List<String> looked = new ArrayList<>();
        long bytes = 0;
        for (String element : all) {
            if (looked.size() == MAX_ELEMENTS || bytes >= MAX_BYTES) {
                break;
            }
            looked.add(element);
            bytes += element.getBytes(StandardCharsets.UTF_8).length;
        }
        return new QueueSnapshot.Listed(all.size(), looked);
    }

    @Override
    public synchronized long putBack(ConsumerList list, List<String> elements, List<String> replacements) {
        failIfToldTo();
        List<String> left = new ArrayList<>(state.list(list));
        List<String> moved = new ArrayList<>();
        for (int n = 0, gone = 0; n < elements.size() && gone < MAX_GONE; n++) {
            if (left.remove(elements.get(n))) {
                moved.add(replacements.get(n));
            } else {
                gone++;
            }
        }
        long count = moved.size();
        moved.addAll(state.elements());
        state = state.with(moved).with(list, left);
        return count;
    }

    /** What consumers do with an element that they have taken, or have given up: it is the newest of the list. */
    public synchronized void push(ConsumerList list, String element) {
        List<String> elements = new ArrayList<>(state.list(list));
        elements.add(element);
        state = state.with(list, elements);
    }

    /** What consumers do with an element that they have done, or have given up: it leaves the list. */
    public synchronized void remove(ConsumerList list, String element) {
        List<String> elements = new ArrayList<>(state.list(list));
        elements.remove(element);
        state = state.with(list, elements);
    }

    /** Appends with an entry that fits are refused, from now on. */
    public synchronized void refuse(Predicate<QueueEntry> entries) {
        refused = entries;
    }

    /** Every call throws this, from now on; null: works again. */
    public synchronized void failWith(QueueUnavailableException failure) {
        this.failure = failure;
    }

    /** What a snapshot, or a replica that lags, holds. */
    public synchronized State state() {
        return state;
    }

    /** Forgets everything since: a failover to a replica that lagged, a restart from a snapshot. */
    public synchronized void fallBackTo(State older) {
        state = older;
    }

    /** FLUSHALL, or a restart without a snapshot. */
    public synchronized void wipe() {
        state = State.EMPTY;
    }

    /** What is in the queue, in the order in which consumers take it. */
    public synchronized List<String> elements() {
        return state.elements();
    }

    /** What subscribers were told, in order. */
    public synchronized List<String> notifications() {
        return List.copyOf(notifications);
    }

    /** Takes the next element away, as a consumer does. */
    public synchronized Optional<String> take() {
        ArrayDeque<String> elements = new ArrayDeque<>(state.elements());
        Optional<String> next = Optional.ofNullable(elements.poll());
        state = state.with(List.copyOf(elements));
        return next;
    }

    private void failIfToldTo() {
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * All that the queue holds at one moment.
     *
     * @param elements in the order of consumption
     * @param checkpoints of each producer, the newest first
     * @param milestones of each producer, the newest first
     * @param lists of consumers, the oldest first
     */
    public record State(
            List<String> elements,
            Map<ProducerId, List<String>> checkpoints,
            Map<ProducerId, List<String>> milestones,
            Map<ConsumerList, List<String>> lists) {

        static final State EMPTY = new State(List.of(), Map.of(), Map.of(), Map.of());

        public State {
            elements = List.copyOf(elements);
            checkpoints = Map.copyOf(checkpoints);
            milestones = Map.copyOf(milestones);
            lists = Map.copyOf(lists);
        }

        List<String> of(ProducerId producer) {
            return checkpoints.getOrDefault(producer, List.of());
        }

        List<String> list(ConsumerList list) {
            return lists.getOrDefault(list, List.of());
        }

        State with(List<String> others) {
            return new State(others, checkpoints, milestones, lists);
        }

        State with(ConsumerList list, List<String> others) {
            Map<ConsumerList, List<String>> all = new HashMap<>(lists);
            all.put(list, List.copyOf(others));
            return new State(elements, checkpoints, milestones, all);
        }
    }
}

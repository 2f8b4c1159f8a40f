package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueSnapshot;
import ai.hokus.registry.queue.QueueSnapshot.Listed;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Has a client of its own with one connection, so that the relay does not wait for it. Nothing touches Redis before the first
 * call; each call ends within {@link QueueSettings#maxCallDuration()}.
 *
 * <p>In a cluster, lists whose name has no hash tag are in different slots. No command of Redis reaches two of them at once, a
 * consumer's BRPOPLPUSH included, so there only their depths are looked at. Thread-safe.
 */
class RedisConsumerLists implements ConsumerLists, AutoCloseable {

    static final String APART =
            "Redis is a cluster, and the queue's name has no hash tag: the lists are in different slots, so"
                    + " only their depths are known, and nothing can be put back";

    private final QueueSettings settings;
    private final RedisClients clients;
    private final boolean inOneSlot;

    RedisConsumerLists(QueueSettings settings, RedisSettings redis) {
        this(
                settings,
                new RedisClients(settings.withConnections(1), redis),
                redis.kind() != RedisSettings.Kind.CLUSTER || settings.hasHashTag());
    }

    RedisConsumerLists(QueueSettings settings, RedisClients clients, boolean inOneSlot) {
        this.settings = settings;
        this.clients = clients;
        this.inOneSlot = inOneSlot;
    }

    @Override
    public long queueDepth() {
        ScriptCall look = look(List.of(settings.name()), List.of());
        return clients.call(look, look).number();
    }

    @Override
    public QueueSnapshot snapshot(List<ProducerId> producers) {
        List<String> lists = inOneSlot
                ? List.of(settings.name(), key(ConsumerList.PROCESSING), key(ConsumerList.DLQ))
                : List.of(settings.name());
        ScriptCall look =
                look(lists, producers.stream().map(settings::checkpointsKey).toList());
        RedisReply reply = clients.call(look, look);
        long depth = reply.number();
        Listed processing;
        Listed dlq;
        if (inOneSlot) {
            long processingDepth = reply.number();
            long dlqDepth = reply.number();
            processing = new Listed(processingDepth, reply.texts(reply.number()));
            dlq = new Listed(dlqDepth, reply.texts(reply.number()));
        } else {
            processing = depthAlone(ConsumerList.PROCESSING);
            dlq = depthAlone(ConsumerList.DLQ);
        }
        Map<ProducerId, String> checkpoints = new HashMap<>();
        for (ProducerId producer : producers) {
            String newest = reply.text();
            if (!newest.isEmpty()) {
                checkpoints.put(producer, newest);
            }
        }
        return new QueueSnapshot(depth, processing, dlq, checkpoints, inOneSlot ? null : APART);
    }

    private Listed depthAlone(ConsumerList list) {
        ScriptCall depth = new ScriptCall(RedisScripts.DEPTH, List.of(key(list)), List.of());
        return new Listed(clients.call(depth, depth).number(), List.of());
    }

    @Override
    public long putBack(ConsumerList list, List<String> elements, List<String> replacements) {
        if (!inOneSlot) {
            throw clients.unavailable(Cause.OTHER, APART);
        }
        List<Object> keys = List.of(settings.name(), key(list));
        List<String> arguments = new ArrayList<>(replacements);
        Collections.reverse(arguments);
        arguments.addAll(0, elements);
        return clients.call(
                        new ScriptCall(RedisScripts.PUT_BACK, keys, arguments),
                        look(List.of(settings.name()), List.of()))
                .number();
    }

    @Override
    public void close() {
        clients.close();
    }

    private String key(ConsumerList list) {
        return list.key(settings.name());
    }

    /** @param lists the queue, then others of its slot */
    private ScriptCall look(List<String> lists, List<String> checkpoints) {
        List<Object> keys = new ArrayList<>();
        keys.add(settings.absentKey());
        keys.addAll(lists);
        keys.addAll(checkpoints);
        List<String> arguments =
                List.of(Integer.toString(lists.size()), Integer.toString(MAX_ELEMENTS), Integer.toString(MAX_BYTES));
        return new ScriptCall(RedisScripts.SNAPSHOT, keys, arguments);
    }
}

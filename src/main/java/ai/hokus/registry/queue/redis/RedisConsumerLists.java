package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.ConsumerList;
import ai.hokus.registry.queue.ConsumerLists;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueSnapshot;
import ai.hokus.registry.queue.QueueSnapshot.Listed;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The queue's lists in Redis. Has a client of its own with one connection, so that whatever happens here, the relay does not wait
 * for it. Nothing touches Redis before the first call; each call ends within {@link QueueSettings#maxCallDuration()}.
 *
 * <p>In a cluster, lists whose name has no hash tag are in different slots. No command of Redis reaches two of them at once, a
 * consumer's BRPOPLPUSH included, so there only their depths are looked at.
 *
 * <p>Thread-safe.
 */
class RedisConsumerLists implements ConsumerLists, AutoCloseable {

    static final String APART =
            "Redis is a cluster, and the queue's name has no hash tag: the lists are in different slots, so"
                    + " only their depths are known, and nothing can be put back";

    private final QueueSettings settings;
    private final RedisErrorClassifier errors;
    private final RedisClients clients;
    private final boolean inOneSlot;

    RedisConsumerLists(QueueSettings settings, RedisSettings redis) {
        this.settings = settings.withConnections(1);
        this.errors = new RedisErrorClassifier(redis.address(), redis.kind());
        this.clients = new RedisClients(this.settings, redis);
        this.inOneSlot = redis.kind() != RedisSettings.Kind.CLUSTER || settings.hasHashTag();
    }

    @Override
    public long queueDepth() {
        return new Reply(call(List.of(settings.name()), List.of())).number();
    }

    @Override
    public QueueSnapshot snapshot(List<ProducerId> producers) {
        List<String> lists = new ArrayList<>(List.of(settings.name()));
        if (inOneSlot) {
            lists.add(key(ConsumerList.PROCESSING));
            lists.add(key(ConsumerList.DLQ));
        }
        Reply reply = new Reply(
                call(lists, producers.stream().map(settings::checkpointsKey).toList()));
        long depth = reply.number();
        Listed processing;
        Listed dlq;
        if (inOneSlot) {
            long processingDepth = reply.number();
            long dlqDepth = reply.number();
            processing = new Listed(processingDepth, reply.texts());
            dlq = new Listed(dlqDepth, reply.texts());
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
        return new Listed(new Reply(call(List.of(key(list)), List.of())).number(), List.of());
    }

    @Override
    public boolean putBack(ConsumerList list, String element, String replacement) {
        if (!inOneSlot) {
            throw errors.unavailable(Cause.OTHER, APART);
        }
        Reply reply = new Reply(clients.send(
                        ConsumerListScripts.PUT_BACK,
                        List.of(settings.name(), key(list)),
                        List.of(element, replacement))
                .get());
        return switch (reply.text()) {
            case "PUT_BACK" -> true;
            case "GONE" -> false;
            default -> throw unexpected();
        };
    }

    /** Ends connections and threads, in {@link RedisClients#MAX_CLOSE} at most. Calls under way and later ones fail. */
    @Override
    public void close() {
        clients.close();
    }

    private String key(ConsumerList list) {
        return list.key(settings.name());
    }

    private List<@Nullable Object> call(List<String> lists, List<String> checkpoints) {
        List<Object> keys = new ArrayList<>(lists);
        keys.addAll(checkpoints);
        List<String> arguments =
                List.of(Integer.toString(lists.size()), Integer.toString(MAX_ELEMENTS), Integer.toString(MAX_BYTES));
        return clients.send(ConsumerListScripts.SNAPSHOT, keys, arguments).get();
    }

    private QueueUnavailableException unexpected() {
        return errors.unavailable(Cause.OTHER, "a reply that the script never gives");
    }

    /** Reads a reply part by part. */
    private final class Reply {

        private final List<@Nullable Object> parts;
        private int next;

        Reply(List<@Nullable Object> parts) {
            this.parts = parts;
        }

        long number() {
            if (next < parts.size() && parts.get(next++) instanceof Long number) {
                return number;
            }
            throw unexpected();
        }

        String text() {
            if (next < parts.size() && parts.get(next++) instanceof String text) {
                return text;
            }
            throw unexpected();
        }

        List<String> texts() {
            long count = number();
            List<String> texts = new ArrayList<>();
            for (long n = 0; n < count; n++) {
                texts.add(text());
            }
            return texts;
        }
    }
}

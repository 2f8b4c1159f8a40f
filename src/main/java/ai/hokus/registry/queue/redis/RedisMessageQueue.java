package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueSettings;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The queue as a Redis list. Nothing touches Redis before the first call. Thread-safe. */
public class RedisMessageQueue implements MessageQueue, AutoCloseable {

    private final QueueSettings settings;
    private final RedisClients clients;

    RedisMessageQueue(QueueSettings settings, RedisSettings redis) {
        this(settings, new RedisClients(settings, redis));
    }

    RedisMessageQueue(QueueSettings settings, RedisClients clients) {
        this.settings = settings;
        this.clients = clients;
    }

    @Override
    public Checkpoints newestCheckpoint(ProducerId producer) {
        return checkpoints(producer, 1, 0);
    }

    @Override
    public Checkpoints allCheckpoints(ProducerId producer) {
        return checkpoints(producer, settings.checkpoints(), settings.checkpoints());
    }

    private Checkpoints checkpoints(ProducerId producer, int newest, int milestones) {
        RedisReply reply = call(look(producer, newest, milestones), producer);
        long depth = reply.number();
        return new Checkpoints(reply.texts(reply.number()), reply.rest(), depth);
    }

    @Override
    public AppendResult append(ProducerId producer, Append append) {
        return append.entries().stream().anyMatch(this::isTooLarge)
                ? refuseWithoutSending(producer, append)
                : resultOf(call(new ScriptCall(RedisScripts.APPEND, keys(producer), arguments(append)), producer));
    }

    @Override
    public void close() {
        clients.close();
    }

    /**
     * Gives the answer that Redis cannot give: it closes the connection if an element is larger than it accepts, which
     * looks like a broken network. As in the script, the checkpoints are compared first.
     */
    private AppendResult refuseWithoutSending(ProducerId producer, Append append) {
        Checkpoints seen = newestCheckpoint(producer);
        String newest = seen.newest();
        if (!Objects.equals(newest, append.expected())) {
            return new AppendResult.Stale(newest);
        }
        if (seen.depth() + append.entries().size() > settings.capacity()) {
            return new AppendResult.Full(Math.max(settings.capacity() - seen.depth(), 0), seen.depth());
        }
        return new AppendResult.Refused("an element is too large: more than registry.queue.max-element-size, "
                + settings.maxElementSize().toBytes() + " bytes");
    }

    private boolean isTooLarge(QueueEntry entry) {
        return isTooLarge(entry.element()) || (settings.notifications() && isTooLarge(entry.notification()));
    }

    private boolean isTooLarge(String text) {
        long max = settings.maxElementSize().toBytes();
        // UTF-8 takes at most three bytes for a char.
        return text.length() > max / 3 && text.getBytes(StandardCharsets.UTF_8).length > max;
    }

    private List<String> arguments(Append append) {
        List<QueueEntry> entries = append.entries();
        List<String> arguments = new ArrayList<>(7 + 2 * entries.size());
        arguments.add(append.expected() == null ? "" : append.expected());
        arguments.add(append.checkpoint());
        arguments.add(Long.toString(settings.capacity()));
        arguments.add(Integer.toString(settings.checkpoints()));
        arguments.add(append.milestone() ? "1" : "0");
        arguments.add(settings.notifications() ? settings.notificationsChannel() : "");
        arguments.add(Integer.toString(entries.size()));
        entries.forEach(entry -> arguments.add(entry.element()));
        if (settings.notifications()) {
            entries.forEach(entry -> arguments.add(entry.notification()));
        }
        return arguments;
    }

    /**
     * A new client has to read the newest checkpoint before it takes over. The relay does so at the beginning of each pass, so
     * a failure that goes on is one of this look: also that of a node that was demoted, because the look writes.
     */
    private RedisReply call(ScriptCall call, ProducerId producer) {
        return clients.call(call, look(producer, 1, 0));
    }

    private ScriptCall look(ProducerId producer, int newest, int milestones) {
        return new ScriptCall(
                RedisScripts.CHECKPOINTS,
                keys(producer),
                List.of(Integer.toString(newest), Integer.toString(milestones)));
    }

    private List<Object> keys(ProducerId producer) {
        return List.of(settings.name(), settings.checkpointsKey(producer), settings.milestonesKey(producer));
    }

    private AppendResult resultOf(RedisReply reply) {
        return switch (reply.text()) {
            case "APPENDED" -> new AppendResult.Appended(reply.number(), reply.rest());
            case "STALE" -> new AppendResult.Stale(reply.textOrNull());
            case "FULL" -> new AppendResult.Full(reply.number(), reply.number());
            case "REFUSED" -> new AppendResult.Refused(reply.elementErrorOrThrow());
            default -> throw reply.unexpected();
        };
    }
}

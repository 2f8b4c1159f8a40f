package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.Append;
import ai.hokus.registry.queue.AppendResult;
import ai.hokus.registry.queue.Checkpoints;
import ai.hokus.registry.queue.MessageQueue;
import ai.hokus.registry.queue.PendingAppend;
import ai.hokus.registry.queue.QueueEntry;
import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.queue.Source;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The queue as a Redis list, through Redisson.
 *
 * <p>Nothing here touches Redis before the first call, and a Redis that comes back is used again by itself. Every call
 * ends within {@link QueueSettings#longestCall()}, and nothing is retried here: a call that timed out may still be
 * carried out by Redis later, and the checkpoints then tell.
 *
 * <p>Thread-safe.
 */
public class RedisMessageQueue implements MessageQueue, AutoCloseable {

    private final QueueSettings settings;
    private final RedisErrorClassifier errors;
    private final RedisClients clients;

    RedisMessageQueue(QueueSettings settings, RedisSettings redis) {
        this(settings, new RedisErrorClassifier(redis.address(), redis.kind()), new RedisClients(settings, redis));
    }

    RedisMessageQueue(QueueSettings settings, RedisErrorClassifier errors, RedisClients clients) {
        this.settings = settings;
        this.errors = errors;
        this.clients = clients;
    }

    @Override
    public Checkpoints checkpoints(Source source, int most) {
        if (most < 1) {
            throw new IllegalArgumentException("At least 1 checkpoint must be asked for, not " + most);
        }
        List<@Nullable Object> reply = send(QueueScripts.CHECKPOINTS, source, List.of(Integer.toString(most)))
                .get();
        List<String> newestFirst = new ArrayList<>();
        for (int i = 1; i < reply.size(); i++) {
            newestFirst.add(textAt(i, reply));
        }
        return new Checkpoints(newestFirst, numberAt(0, reply));
    }

    @Override
    public AppendResult append(Source source, Append append) {
        return send(source, append).await();
    }

    @Override
    public PendingAppend send(Source source, Append append) {
        Optional<String> tooLarge = tooLarge(append);
        if (tooLarge.isPresent()) {
            return () -> refuseWithoutSending(source, append, tooLarge.get());
        }
        Supplier<List<@Nullable Object>> reply = send(QueueScripts.APPEND, source, arguments(append));
        return () -> resultOf(reply.get());
    }

    /** Ends connections and threads, in {@link RedisClients#MAX_CLOSE} at most. Calls under way and later ones fail. */
    @Override
    public void close() {
        clients.close();
    }

    /**
     * The answer that Redis would give if it could: to an element larger than it reads, it closes the connection, which
     * cannot be told from a network that breaks. The comparison comes first here too.
     */
    private AppendResult refuseWithoutSending(Source source, Append append, String error) {
        Checkpoints seen = checkpoints(source, 1);
        String newest = seen.newestFirst().isEmpty() ? null : seen.newestFirst().get(0);
        if (!Objects.equals(newest, append.expected())) {
            return new AppendResult.Stale(newest);
        }
        if (seen.depth() + append.entries().size() > settings.capacity()) {
            return new AppendResult.Full(Math.max(settings.capacity() - seen.depth(), 0), seen.depth());
        }
        return new AppendResult.Refused(error);
    }

    private Optional<String> tooLarge(Append append) {
        long most = settings.largestElement().toBytes();
        for (QueueEntry entry : append.entries()) {
            for (String text : settings.notifications()
                    ? List.of(entry.element(), entry.notification())
                    : List.of(entry.element())) {
                // UTF-8 takes at most three bytes for a char.
                if (text.length() > most / 3 && text.getBytes(StandardCharsets.UTF_8).length > most) {
                    return Optional.of(
                            "an element is too large: more than registry.queue.largest-element, " + most + " bytes");
                }
            }
        }
        return Optional.empty();
    }

    private List<String> arguments(Append append) {
        List<QueueEntry> entries = append.entries();
        List<String> arguments = new ArrayList<>(6 + 2 * entries.size());
        arguments.add(append.expected() == null ? "" : append.expected());
        arguments.add(append.checkpoint());
        arguments.add(Long.toString(settings.capacity()));
        arguments.add(Integer.toString(settings.checkpoints()));
        arguments.add(settings.notifications() ? settings.notificationsChannel() : "");
        arguments.add(Integer.toString(entries.size()));
        entries.forEach(entry -> arguments.add(entry.element()));
        if (settings.notifications()) {
            entries.forEach(entry -> arguments.add(entry.notification()));
        }
        return arguments;
    }

    /** Has a script run on the primary. The answer has the hard deadline. */
    private Supplier<List<@Nullable Object>> send(String script, Source source, List<String> arguments) {
        return clients.send(script, List.of(settings.name(), settings.checkpointsKey(source)), arguments);
    }

    private AppendResult resultOf(List<@Nullable Object> reply) {
        return switch (textAt(0, reply)) {
            case "APPENDED" -> new AppendResult.Appended(numberAt(1, reply), warnings(reply));
            case "STALE" -> new AppendResult.Stale(reply.size() == 1 || reply.get(1) == null ? null : textAt(1, reply));
            case "FULL" -> new AppendResult.Full(numberAt(1, reply), numberAt(2, reply));
            case "REFUSED" -> refused(textAt(1, reply));
            default -> throw unexpected(reply);
        };
    }

    private List<String> warnings(List<@Nullable Object> reply) {
        List<String> warnings = new ArrayList<>();
        for (int i = 2; i < reply.size(); i++) {
            warnings.add(textAt(i, reply));
        }
        return List.copyOf(warnings);
    }

    private AppendResult refused(String error) {
        if (RedisErrorClassifier.isAboutAnElement(error)) {
            return new AppendResult.Refused(error);
        }
        throw errors.unavailable(error);
    }

    private String textAt(int index, List<@Nullable Object> reply) {
        if (index < reply.size() && reply.get(index) instanceof String text) {
            return text;
        }
        throw unexpected(reply);
    }

    private long numberAt(int index, List<@Nullable Object> reply) {
        if (index < reply.size() && reply.get(index) instanceof Long number && number >= 0) {
            return number;
        }
        throw unexpected(reply);
    }

    private QueueUnavailableException unexpected(List<@Nullable Object> reply) {
        return errors.unavailable(Cause.OTHER, "a reply of " + reply.size() + " parts that the script never gives");
    }
}

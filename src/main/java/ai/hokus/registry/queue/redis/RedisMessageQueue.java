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
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    /** How long {@link #close()} takes at most. */
    static final Duration LONGEST_CLOSE = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(RedisMessageQueue.class);

    private final QueueSettings settings;
    private final String address;
    private final Supplier<RedisClient> clients;
    private final Clock clock;
    private final ClientWatchdog watchdog = new ClientWatchdog();
    private final Object clientChange = new Object();

    /** Null before the first call and after {@link #reconnect()}; guarded by {@link #clientChange}. */
    private @Nullable RedisClient client;

    /** Guarded by {@link #clientChange}. */
    private boolean closed;

    RedisMessageQueue(QueueSettings settings, RedisSettings redis) {
        this(settings, redis.address(), () -> new RedisClient(settings, redis), Clock.systemUTC());
    }

    /**
     * @param address of Redis, for messages
     * @param clients makes a client without touching Redis
     */
    RedisMessageQueue(QueueSettings settings, String address, Supplier<RedisClient> clients, Clock clock) {
        this.settings = settings;
        this.address = address;
        this.clients = clients;
        this.clock = clock;
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

    /**
     * Drops the client library's connections and threads and starts anew with the next call: for a watchdog that sees
     * calls fail although Redis answers. Calls under way fail. Does not block.
     */
    public void reconnect() {
        RedisClient dropped;
        synchronized (clientChange) {
            dropped = client;
            client = null;
        }
        if (dropped != null) {
            var unused = dropped.shutdown(LONGEST_CLOSE);
        }
    }

    /** Ends connections and threads, in {@link #LONGEST_CLOSE} at most. Calls under way and later ones fail. */
    @Override
    public void close() {
        RedisClient last;
        synchronized (clientChange) {
            closed = true;
            last = client;
            client = null;
        }
        if (last == null) {
            return;
        }
        try {
            last.shutdown(LONGEST_CLOSE).get(LONGEST_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException leftBehind) {
            // Its threads are daemons or end by themselves; the process is about to.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
        List<Object> keys = List.of(settings.name(), settings.checkpointsKey(source));
        RedisClient used = client();
        CompletableFuture<List<@Nullable Object>> reply = used.run(script, keys, arguments);
        return () -> answer(used, reply);
    }

    /** Waits for an answer, and keeps an eye on the client. */
    private List<@Nullable Object> answer(RedisClient used, CompletableFuture<List<@Nullable Object>> call) {
        try {
            List<@Nullable Object> reply = await(call);
            if (watchdog.succeeded() || used.firstAnswer()) {
                warnOfEviction(used);
            }
            return reply;
        } catch (QueueUnavailableException e) {
            if (watchdog.failed(e.kind(), clock.instant())) {
                Thread attempt = new Thread(this::tryANewClient, "queue-watchdog");
                attempt.setDaemon(true);
                attempt.start();
            }
            throw e;
        }
    }

    private List<@Nullable Object> await(CompletableFuture<List<@Nullable Object>> reply) {
        try {
            return reply.get(settings.longestCall().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            reply.cancel(true);
            throw RedisErrorClassifier.unavailable(
                    Cause.TIMEOUT,
                    address,
                    "no answer within " + settings.longestCall().toMillis() + " ms");
        } catch (InterruptedException e) {
            reply.cancel(true);
            Thread.currentThread().interrupt();
            throw RedisErrorClassifier.unavailable(Cause.TIMEOUT, address, "interrupted while waiting for the answer");
        } catch (ExecutionException e) {
            throw RedisErrorClassifier.unavailable(address, e);
        }
    }

    /** If Redis answers a new client, that one takes over. On a thread of its own: the relay does not wait for it. */
    private void tryANewClient() {
        RedisClient fresh = clients.get();
        try {
            await(fresh.run(QueueScripts.PING, List.of(settings.name()), List.of()));
        } catch (QueueUnavailableException stillAway) {
            var unused = fresh.shutdown(LONGEST_CLOSE);
            return;
        }
        RedisClient dropped;
        synchronized (clientChange) {
            dropped = closed ? fresh : client;
            client = closed ? null : fresh;
        }
        log.warn(
                "Redis at {} answers a new connection, while calls kept failing on the old ones: the client library was"
                        + " started anew. Nothing is lost; the relay goes on.",
                address);
        if (dropped != null) {
            var unused = dropped.shutdown(LONGEST_CLOSE);
        }
    }

    private void warnOfEviction(RedisClient asked) {
        var unused = asked.run(QueueScripts.EVICTION_POLICY, List.of(settings.name()), List.of())
                .thenAccept(reply -> {
                    if (!reply.isEmpty() && reply.get(0) instanceof String policy && policy.startsWith("allkeys-")) {
                        log.warn(
                                "Redis at {} has maxmemory-policy {}: when its memory is full it may delete the queue with"
                                        + " everything in it, and nobody is told. Set noeviction, or a volatile- policy.",
                                address,
                                policy);
                    }
                });
    }

    private RedisClient client() {
        synchronized (clientChange) {
            if (closed) {
                throw RedisErrorClassifier.unavailable(Cause.OTHER, address, "the connection was closed for good");
            }
            if (client == null) {
                client = clients.get();
            }
            return client;
        }
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
        throw RedisErrorClassifier.unavailable(address, error);
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
        return RedisErrorClassifier.unavailable(
                Cause.OTHER, address, "a reply of " + reply.size() + " parts that the script never gives");
    }
}

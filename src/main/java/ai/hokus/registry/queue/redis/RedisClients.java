package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client in use, and its replacement: by one that Redis answers while calls on the old one keep failing ({@link
 * ClientWatchdog}), or by one that logs in with the password that its file holds since it changed. A new client takes over
 * only after Redis has answered it; the old one is closed when no call can be waiting on it any more.
 *
 * <p>Thread-safe.
 */
final class RedisClients implements AutoCloseable {

    /** How long {@link #close()} takes at most. */
    static final Duration MAX_CLOSE = Duration.ofSeconds(2);

    /** Pause between two looks at the password's file, and so between two attempts with a new one. */
    private static final Duration PASSWORD_CHECK_INTERVAL = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(RedisClients.class);

    private final QueueSettings settings;
    private final String address;
    private final RedisErrorClassifier errors;
    private final Supplier<RedisClient> factory;
    private final LongSupplier nanoTime;
    private final ClientWatchdog watchdog;
    private final Object lock = new Object();

    /** All that are not closed; guarded by {@link #lock}. */
    private final Set<RedisClient> open = new HashSet<>();

    /** Null before the first call; guarded by {@link #lock}. */
    private @Nullable RedisClient current;

    /** Guarded by {@link #lock}. */
    private boolean closed;

    /** Whether a thread is at it; guarded by {@link #lock}. */
    private boolean replacing;

    /** Guarded by {@link #lock}. */
    private long lastPasswordCheck;

    /** Guarded by {@link #lock}. */
    private boolean warnedOfPassword;

    RedisClients(QueueSettings settings, RedisSettings redis) {
        this(
                settings,
                redis.address(),
                new RedisErrorClassifier(redis.address(), redis.kind()),
                () -> new RedisClient(settings, redis.withCurrentPassword()),
                System::nanoTime);
    }

    /**
     * @param address of Redis, for messages
     * @param factory makes a client without touching Redis
     * @param nanoTime as {@link System#nanoTime}
     */
    RedisClients(
            QueueSettings settings,
            String address,
            RedisErrorClassifier errors,
            Supplier<RedisClient> factory,
            LongSupplier nanoTime) {
        this.settings = settings;
        this.address = address;
        this.errors = errors;
        this.factory = factory;
        this.nanoTime = nanoTime;
        this.watchdog = new ClientWatchdog(nanoTime);
        this.lastPasswordCheck = nanoTime.getAsLong();
    }

    /**
     * Has a script run on the primary; the result waits for the answer, {@link QueueSettings#maxCallDuration()} at most, and
     * throws {@link QueueUnavailableException} where there is none.
     */
    Supplier<List<@Nullable Object>> send(String script, List<Object> keys, List<String> arguments) {
        RedisClient used = current();
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
            if (watchdog.failed(e.kind())) {
                replaceBeside(() -> log.warn(
                        "Redis at {} answers a new connection, while calls kept failing on the old ones: the client"
                                + " library was started anew. Nothing is lost; the relay goes on.",
                        address));
            }
            throw e;
        } finally {
            renewPassword(used);
        }
    }

    private List<@Nullable Object> await(CompletableFuture<List<@Nullable Object>> reply) {
        try {
            return reply.get(settings.maxCallDuration().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            reply.cancel(true);
            throw errors.unavailable(
                    Cause.TIMEOUT,
                    "no answer within " + settings.maxCallDuration().toMillis() + " ms");
        } catch (InterruptedException e) {
            reply.cancel(true);
            Thread.currentThread().interrupt();
            throw errors.unavailable(Cause.TIMEOUT, "interrupted while waiting for the answer");
        } catch (ExecutionException e) {
            throw errors.unavailable(e);
        }
    }

    /**
     * Tries the password that is in the file now, if it is another one: before the old one stops working, where its
     * rotation leaves both valid for a while, and at the next call where it does not.
     */
    private void renewPassword(RedisClient used) {
        synchronized (lock) {
            if (replacing || nanoTime.getAsLong() - lastPasswordCheck < PASSWORD_CHECK_INTERVAL.toNanos()) {
                return;
            }
            lastPasswordCheck = nanoTime.getAsLong();
        }
        if (used.hasOutdatedPassword()) {
            replaceBeside(() -> log.info(
                    "Redis at {} accepts the new password in {}: the connections were renewed.",
                    address,
                    RedisEnvironment.TOKEN_FILE));
        }
    }

    /** On a thread of its own: the relay does not wait for it. */
    private void replaceBeside(Runnable whenReplaced) {
        synchronized (lock) {
            if (replacing || closed) {
                return;
            }
            replacing = true;
        }
        Thread attempt = new Thread(() -> replace(whenReplaced), "queue-watchdog");
        attempt.setDaemon(true);
        attempt.start();
    }

    /** If Redis answers a new client, that one takes over. */
    private void replace(Runnable whenReplaced) {
        try {
            RedisClient fresh = create();
            try {
                await(fresh.run(QueueScripts.PING, List.of(settings.name()), List.of()));
            } catch (QueueUnavailableException notAnswered) {
                warnOfPassword(fresh, notAnswered);
                discard(fresh);
                return;
            }
            RedisClient replaced;
            synchronized (lock) {
                replaced = current;
                current = fresh;
                warnedOfPassword = false;
            }
            whenReplaced.run();
            if (replaced != null) {
                CompletableFuture.delayedExecutor(settings.maxCallDuration().toMillis(), TimeUnit.MILLISECONDS)
                        .execute(() -> discard(replaced));
            }
        } finally {
            synchronized (lock) {
                replacing = false;
            }
        }
    }

    /** Once, until one was accepted. */
    private void warnOfPassword(RedisClient fresh, QueueUnavailableException failure) {
        synchronized (lock) {
            boolean news = failure.kind() == Cause.AUTHENTICATION && fresh.hasPasswordFile() && !warnedOfPassword;
            if (!news) {
                return;
            }
            warnedOfPassword = true;
        }
        log.warn(
                "Redis at {} does not accept the password that {} holds since it changed. Connections that are open stay in"
                        + " use; the file's password is tried again every {} s.",
                address,
                RedisEnvironment.TOKEN_FILE,
                PASSWORD_CHECK_INTERVAL.toSeconds());
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

    private RedisClient current() {
        synchronized (lock) {
            if (current == null || closed) {
                current = create();
            }
            return current;
        }
    }

    private RedisClient create() {
        synchronized (lock) {
            if (closed) {
                throw errors.unavailable(Cause.OTHER, "the connection was closed for good");
            }
            RedisClient client = factory.get();
            open.add(client);
            return client;
        }
    }

    private void discard(RedisClient client) {
        var unused = shutDown(client);
    }

    private CompletableFuture<Void> shutDown(RedisClient client) {
        synchronized (lock) {
            open.remove(client);
        }
        return client.shutdown(MAX_CLOSE);
    }

    /** Ends connections and threads, in {@link #MAX_CLOSE} at most. Calls under way and later ones fail. */
    @Override
    public void close() {
        List<RedisClient> last;
        synchronized (lock) {
            closed = true;
            last = List.copyOf(open);
        }
        CompletableFuture<?>[] shutdowns = last.stream().map(this::shutDown).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(shutdowns).get(MAX_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException leftBehind) {
            // Its threads are daemons or end by themselves; the process is about to.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueSettings;
import ai.hokus.registry.queue.QueueUnavailableException;
import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The client in use, and its replacement. It is replaced if its calls keep failing while a new client can do what they need
 * ({@link ClientWatchdog}), or if a file with the password or certificates has changed. A new client takes over only after
 * Redis has answered it; the old one is closed when no call can be waiting on it any more.
 *
 * <p>Thread-safe.
 */
final class RedisClients implements AutoCloseable {

    static final Duration MAX_CLOSE = Duration.ofSeconds(2);

    /** Pause between two looks at the files. */
    private static final Duration SECRETS_CHECK_INTERVAL = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(RedisClients.class);

    private final QueueSettings settings;
    private final RedisErrorClassifier errors;
    private final Supplier<RedisClient> factory;
    private final LongSupplier nanoTime;
    private final Executor attempts;
    private final ClientWatchdog watchdog;

    private @Nullable RedisClient current; // null before the first call; guarded by this
    private boolean closed; // guarded by this
    private boolean replacing; // whether a thread is at it; guarded by this
    private long lastSecretsCheck; // guarded by this
    private boolean warnedOfSecrets; // guarded by this

    RedisClients(QueueSettings settings, RedisSettings redis) {
        this(
                settings,
                new RedisErrorClassifier(redis.address(), redis.kind()),
                () -> new RedisClient(settings, redis.withCurrentSecrets()),
                System::nanoTime,
                RedisClients::startThread);
    }

    /** @param attempts runs each attempt to replace the client on another thread than the caller's */
    RedisClients(
            QueueSettings settings,
            RedisErrorClassifier errors,
            Supplier<RedisClient> factory,
            LongSupplier nanoTime,
            Executor attempts) {
        this.settings = settings;
        this.errors = errors;
        this.factory = factory;
        this.nanoTime = nanoTime;
        this.attempts = attempts;
        this.watchdog = new ClientWatchdog(nanoTime);
        this.lastSecretsCheck = nanoTime.getAsLong();
    }

    /**
     * Runs a script on the primary, and keeps an eye on the client. Blocks for {@link QueueSettings#maxCallDuration()} at most.
     *
     * @param probe what a new client has to do before it takes over, if this call and others before it failed: it changes
     *     nothing, may be repeated, and fails where calls would go on failing with any client
     * @throws QueueUnavailableException when there is no answer
     */
    RedisReply call(ScriptCall call, ScriptCall probe) {
        RedisClient used = current();
        boolean suspected = false;
        try {
            List<@Nullable Object> reply = await(used.run(call));
            if (watchdog.succeeded()) {
                warnOfEviction(used);
            }
            return new RedisReply(reply, errors);
        } catch (QueueUnavailableException e) {
            suspected = watchdog.failed(e.kind());
            throw e.kind() != Cause.WRONG_TYPE
                    ? e
                    : new QueueUnavailableException(
                            e.kind(), e.getMessage() + "; one of these keys is no list: " + call.keys(), null);
        } finally {
            String changed = changedSecrets(used);
            if (suspected || !changed.isEmpty()) {
                replaceBeside(changed, probe);
            }
        }
    }

    QueueUnavailableException unavailable(Cause cause, String sentence) {
        return errors.unavailable(cause, sentence);
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
     * Empty: none, or it is not time to look yet. Asked after each call, so if a rotation leaves both passwords valid for a while,
     * the new one is tried before the old one stops working.
     */
    private String changedSecrets(RedisClient used) {
        synchronized (this) {
            if (replacing || nanoTime.getAsLong() - lastSecretsCheck < SECRETS_CHECK_INTERVAL.toNanos()) {
                return "";
            }
            lastSecretsCheck = nanoTime.getAsLong();
        }
        return used.changedSecrets();
    }

    /** @param changed the variables whose files are the reason; empty: the client is suspected */
    private synchronized void replaceBeside(String changed, ScriptCall probe) {
        if (replacing || closed) {
            return;
        }
        replacing = true;
        try {
            attempts.execute(() -> replace(changed, changed.isEmpty() ? probe : ping()));
        } catch (RuntimeException | Error noThread) {
            replacing = false; // the call's own outcome must not be hidden, and a later one tries this again
        }
    }

    private static void startThread(Runnable attempt) {
        Thread thread = new Thread(attempt, "queue-watchdog");
        thread.setDaemon(true);
        thread.start();
    }

    /** Enough after a change of the secrets: whatever else fails, what Redis accepts is better than what it will not accept. */
    private ScriptCall ping() {
        return new ScriptCall(RedisScripts.PING, List.of(settings.name()), List.of());
    }

    private void replace(String changed, ScriptCall probe) {
        RedisClient fresh = null;
        try {
            fresh = create();
            await(fresh.run(probe));
            takeOver(fresh);
            logReplacement(changed);
        } catch (QueueUnavailableException notAnswered) {
            warnOfSecrets(changed, notAnswered);
            if (fresh != null) {
                discard(fresh, Duration.ZERO);
            }
        } finally {
            synchronized (this) {
                replacing = false;
            }
        }
    }

    private synchronized void takeOver(RedisClient fresh) {
        RedisClient left = closed ? fresh : current;
        if (!closed) {
            current = fresh;
            warnedOfSecrets = false;
        }
        if (left != null) {
            discard(left, settings.maxCallDuration());
        }
    }

    private static void discard(RedisClient client, Duration delay) {
        CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    var unused = client.shutdown(MAX_CLOSE);
                });
    }

    private void logReplacement(String changed) {
        if (changed.isEmpty()) {
            log.warn(
                    "Redis at {} does on a new connection what kept failing on the old ones: the client library was started"
                            + " anew. Nothing is lost; the relay goes on.",
                    errors.address());
        } else {
            log.info(
                    "Redis at {} accepts what {} holds now: the connections were replaced by new ones.",
                    errors.address(),
                    changed);
        }
    }

    private void warnOfSecrets(String changed, QueueUnavailableException failure) {
        synchronized (this) {
            boolean refused = failure.kind() == Cause.AUTHENTICATION || failure.kind() == Cause.TLS;
            if (changed.isEmpty() || !refused || warnedOfSecrets) {
                return;
            }
            warnedOfSecrets = true;
        }
        log.warn(
                "Redis at {} does not accept what {} holds now. Open connections stay in use, and it is tried again"
                        + " every {} s.",
                errors.address(),
                changed,
                SECRETS_CHECK_INTERVAL.toSeconds());
    }

    private void warnOfEviction(RedisClient asked) {
        var unused = asked.run(new ScriptCall(RedisScripts.EVICTION_POLICY, List.of(settings.name()), List.of()))
                .thenAccept(reply -> {
                    if (!reply.isEmpty() && reply.get(0) instanceof String policy && policy.startsWith("allkeys-")) {
                        log.warn(
                                "Redis at {} has maxmemory-policy {}: when its memory is full it may delete the queue with"
                                        + " everything in it, and nobody is told. Set noeviction, or a volatile- policy.",
                                errors.address(),
                                policy);
                    }
                });
    }

    private synchronized RedisClient current() {
        if (current == null || closed) {
            current = create();
        }
        return current;
    }

    private synchronized RedisClient create() {
        if (closed) {
            throw errors.unavailable(Cause.OTHER, "the connection was closed for good");
        }
        try {
            return factory.get();
        } catch (IllegalStateException unusable) {
            // The cause and its message are left out: they may quote a file.
            throw errors.unavailable(
                    Cause.TLS,
                    "what the files of REDIS_TLS_... hold cannot be used, or the JVM's trust store cannot be read");
        }
    }

    /** Ends connections and threads, in {@link #MAX_CLOSE} at most. Calls under way and later ones fail. */
    @Override
    public void close() {
        RedisClient last;
        synchronized (this) {
            closed = true;
            last = current;
        }
        try {
            if (last != null) {
                last.shutdown(MAX_CLOSE).get(MAX_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (ExecutionException | TimeoutException leftBehind) {
            // Its threads are daemons or end by themselves; the process is about to.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

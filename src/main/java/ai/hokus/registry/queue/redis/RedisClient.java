package ai.hokus.registry.queue.redis;

import ai.hokus.registry.queue.QueueSettings;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RFuture;
import org.redisson.api.RScript;
import org.redisson.api.RedissonClient;
import org.redisson.client.RedisConnectionException;
import org.redisson.client.codec.StringCodec;
import org.redisson.client.protocol.Encoder;
import org.redisson.config.BaseConfig;
import org.redisson.config.BaseMasterSlaveServersConfig;
import org.redisson.config.Config;
import org.redisson.config.ReadMode;
import org.redisson.config.SslVerificationMode;
import org.redisson.config.SubscriptionMode;
import org.springframework.boot.ssl.SslManagerBundle;

/**
 * One instance of the client library. It is made without touching Redis, and replaced as a whole.
 *
 * <p>With lazy initialisation the library connects, and asks a cluster for its nodes, inside the first call and on that
 * call's thread, whatever "async" says. So until one was answered, calls start on threads of their own, and a caller can stop
 * waiting for them.
 */
final class RedisClient {

    /** How many calls can be starting before one was answered. When this many hang, further ones fail at once. */
    private static final int MAX_STARTING = 32;

    /** The relay waits for one answer at a time, so two threads of each kind are enough (the library's defaults are 16 and 32). */
    private static final int THREADS = 2;

    /** How often a primary endpoint's name is resolved again: it points elsewhere after a failover. */
    private static final Duration DNS_INTERVAL = Duration.ofSeconds(5);

    /** Finds a dead connection between two passes, before the next append would. */
    private static final Duration PING_INTERVAL = Duration.ofSeconds(30);

    /** The library's own codec does the same, but takes four times as long for a batch. */
    private static final StringCodec UTF_8 = new StringCodec() {
        @Override
        public Encoder getValueEncoder() {
            return text -> Unpooled.wrappedBuffer(((String) text).getBytes(StandardCharsets.UTF_8));
        }
    };

    private final RedisSettings redis;
    private final RedissonClient redisson;
    private final ExecutorService starter;
    private volatile boolean connected;

    RedisClient(QueueSettings settings, RedisSettings redis) {
        this.redis = redis;
        this.redisson = Redisson.create(config(settings, redis));
        this.starter = new ThreadPoolExecutor(0, MAX_STARTING, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = new Thread(task, "queue-start");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** The variables whose files hold other secrets than this client uses; empty: none. Reads the files. */
    String changedSecrets() {
        return redis.withCurrentSecrets().changedSince(redis);
    }

    /** Never blocks. Cancelling the reply withdraws a call that was not sent yet. */
    CompletableFuture<List<@Nullable Object>> run(ScriptCall script) {
        CompletableFuture<List<@Nullable Object>> reply = new CompletableFuture<>();
        try {
            if (connected) {
                start(script, reply);
            } else {
                starter.execute(() -> start(script, reply));
            }
        } catch (RejectedExecutionException e) {
            reply.completeExceptionally(
                    starter.isShutdown()
                            ? new RedisConnectionException("the client was replaced by a new one; nothing was sent")
                            : new TimeoutException(MAX_STARTING + " earlier calls still wait to be sent"));
        } catch (OutOfMemoryError noThread) {
            reply.completeExceptionally(noThread); // nothing was sent
        }
        return reply;
    }

    /** Ends threads and connections without waiting for calls under way, which fail. Does not block. */
    CompletableFuture<Void> shutdown(Duration timeout) {
        starter.shutdownNow();
        return redisson.shutdownAsync(Duration.ZERO, timeout).toCompletableFuture();
    }

    private void start(ScriptCall script, CompletableFuture<List<@Nullable Object>> reply) {
        try {
            RFuture<List<@Nullable Object>> call = redisson.getScript(UTF_8)
                    .evalAsync(
                            RScript.Mode.READ_WRITE,
                            script.script(),
                            RScript.ReturnType.LIST,
                            script.keys(),
                            script.arguments().toArray());
            // For when the caller stops waiting; without effect on a call that is done.
            var unused = reply.whenComplete((result, failure) -> call.cancel(true));
            call.whenComplete((result, failure) -> {
                if (failure != null) {
                    reply.completeExceptionally(failure);
                } else {
                    connected = true;
                    reply.complete(result);
                }
            });
        } catch (RuntimeException | Error e) {
            reply.completeExceptionally(e);
        }
    }

    private static Config config(QueueSettings settings, RedisSettings redis) {
        Config config = new Config()
                .setLazyInitialization(true)
                .setCodec(UTF_8)
                .setThreads(THREADS)
                .setNettyThreads(THREADS)
                .setUseScriptCache(false) // EVAL alone: one right less to grant, and nothing to load again
                .setTcpKeepAlive(true)
                .setTcpNoDelay(true)
                .setSslVerificationMode(SslVerificationMode.STRICT)
                .setUsername(redis.username())
                .setPassword(redis.password());
        config.setReferenceEnabled(false); // else the library checks whether an argument is one of its own objects
        if (redis.tls()) {
            SslManagerBundle managers = redis.trust().managers();
            config.setSslTrustManagerFactory(managers.getTrustManagerFactory())
                    .setSslKeyManagerFactory(managers.getKeyManagerFactory());
        }
        switch (redis.kind()) {
            case SINGLE ->
                common(config.useSingleServer(), settings)
                        .setAddress(redis.addresses().get(0))
                        .setDatabase(redis.database())
                        .setConnectionPoolSize(settings.connections())
                        .setConnectionMinimumIdleSize(1)
                        .setSubscriptionConnectionMinimumIdleSize(0)
                        .setDnsMonitoringInterval(DNS_INTERVAL.toMillis());
            case CLUSTER ->
                primariesOnly(config.useClusterServers(), settings)
                        .addNodeAddress(redis.addresses().toArray(String[]::new));
            case SENTINEL ->
                primariesOnly(config.useSentinelServers(), settings)
                        .setMasterName(redis.masterName())
                        .addSentinelAddress(redis.addresses().toArray(String[]::new))
                        .setCheckSentinelsList(false) // one that answers is enough
                        .setDatabase(redis.database());
        }
        return config;
    }

    /** For a Redis with replicas, which are never asked and get no connections. */
    private static <T extends BaseMasterSlaveServersConfig<T>> T primariesOnly(T servers, QueueSettings settings) {
        return common(servers, settings)
                .setReadMode(ReadMode.MASTER)
                .setSubscriptionMode(SubscriptionMode.MASTER)
                .setMasterConnectionPoolSize(settings.connections())
                .setMasterConnectionMinimumIdleSize(1)
                .setSlaveConnectionPoolSize(1)
                .setSlaveConnectionMinimumIdleSize(0)
                .setSubscriptionConnectionMinimumIdleSize(0)
                .setDnsMonitoringInterval(DNS_INTERVAL.toMillis());
    }

    /** No retries: they are the relay's job, which knows what a repeated append means. */
    private static <T extends BaseConfig<T>> T common(T servers, QueueSettings settings) {
        return servers.setRetryAttempts(0)
                .setConnectTimeout(Math.toIntExact(settings.connectTimeout().toMillis()))
                .setTimeout(Math.toIntExact(settings.commandTimeout().toMillis()))
                .setPingConnectionInterval(Math.toIntExact(PING_INTERVAL.toMillis()));
    }
}

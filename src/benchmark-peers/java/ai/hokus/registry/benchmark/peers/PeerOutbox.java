package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.redisson.api.RDeque;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What all peers have: a database of their own with a pool, and Redisson, set up as the service does, for one LPUSH per
 * message.
 */
abstract class PeerOutbox implements DeliveringOutbox {

    /** A third of what the slowest manages, so that only one that is stuck is given up on. */
    private static final int FEWEST_A_SECOND = 400;

    private static final Duration SHORTEST_DRAIN = Duration.ofSeconds(60);
    private static final Duration SETTLING_TIMEOUT = Duration.ofSeconds(60);
    private static final int MODELS = 1000;
    private static final int CALL_TIMEOUT_MS = 2000;

    private final String name;
    private final String table;
    private final String queue;
    private final TestRedis redis;
    private final HikariDataSource pool;
    private final JdbcTemplate jdbc;
    private final RedissonClient redisson;
    private final RDeque<String> list;
    private final TransactionTemplate transactions;
    private long filled;

    /**
     * @param library a class of the library, whose jar's name has the version that stands for %s in the title
     * @param table of the messages; empty when all are delivered
     * @param threads that deliver at the same time
     */
    PeerOutbox(
            String title,
            Class<?> library,
            String table,
            int threads,
            PostgresCluster postgres,
            TestRedis redis,
            String queue) {
        this.name = title.formatted(version(library));
        this.table = table;
        this.queue = queue;
        this.redis = redis;
        this.pool = pool(postgres, queue.replaceAll("\\W", "_"), threads + 8);
        this.jdbc = new JdbcTemplate(pool);
        jdbc.execute(PURCHASES);
        this.redisson = redisson(redis, threads);
        this.list = redisson.getDeque(queue, StringCodec.INSTANCE);
        this.transactions = new TransactionTemplate(new JdbcTransactionManager(pool));
    }

    private static String version(Class<?> library) {
        String jar = library.getProtectionDomain().getCodeSource().getLocation().getPath();
        return jar.replaceFirst(".*-(\\d[^/]*)\\.jar$", "$1");
    }

    /** By the library's own means, or by Spring's where it has none. */
    void inTransaction(Runnable work) {
        transactions.executeWithoutResult(transaction -> work.run());
    }

    /** Needs an open transaction. */
    abstract void store(String model, String payload);

    /** Copies what the library wrote for some models; its only parameter is how many messages are missing. */
    abstract String copies();

    /** Makes of the messages just written such as an earlier run left, where the library tells them apart. Before the copies. */
    void age() {}

    /** Begins to deliver what an earlier run left, where {@link #startDelivering} alone does not. */
    void deliverBacklog() throws Exception {}

    abstract void stopDelivering() throws Exception;

    @Override
    public void publish(String model, String payload) {
        inTransaction(() -> store(model, payload));
    }

    @Override
    public void purchase(String item, @Nullable String payload) {
        UUID id = UUID.randomUUID();
        inTransaction(() -> {
            insertPurchase(id, item);
            if (payload != null) {
                store(item, payload);
            }
        });
    }

    /** Needs an open transaction of Spring's. */
    void insertPurchase(UUID id, String item) {
        jdbc.update(PURCHASE, id, item);
    }

    @Override
    public final String name() {
        return name + (keepsOrder() ? ", by key" : ", no order");
    }

    @Override
    public boolean keepsOrder() {
        return false;
    }

    /** The library writes the first message of each model, in one transaction; the others are copies of these by SQL. */
    @Override
    public final void fill(int messages) throws Exception {
        stopDelivering();
        await("the last messages' end in " + table, SETTLING_TIMEOUT, () -> pending() == 0);
        jdbc().execute("TRUNCATE " + table);
        int written = Math.min(messages, MODELS);
        inTransaction(() -> {
            for (int model = 0; model < written; model++) {
                store("model-" + model, PAYLOAD);
            }
        });
        age();
        jdbc().update(copies(), messages - written);
        jdbc().execute("VACUUM ANALYZE " + table);
        jdbc().execute("CHECKPOINT");
        redis.run("DEL", queue);
        filled = messages;
        if (pending() != messages) {
            throw new IllegalStateException(pending() + " pending instead of " + messages);
        }
    }

    @Override
    public final Duration drain() throws Exception {
        long start = System.nanoTime();
        startDelivering();
        deliverBacklog();
        try (RedisConnection connection = redis.connect()) {
            await(
                    filled + " elements by " + name,
                    SHORTEST_DRAIN.plusSeconds(filled / FEWEST_A_SECOND),
                    () -> length(connection) >= filled);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            stopDelivering();
            if (length(connection) != filled) {
                throw new IllegalStateException(length(connection) + " elements of " + filled + " messages");
            }
            return took;
        }
    }

    @Override
    public void close() {
        redisson.shutdown(0, 2, TimeUnit.SECONDS);
        pool.close();
    }

    final void push(String payload) {
        list.addFirst(payload);
    }

    final HikariDataSource database() {
        return pool;
    }

    final JdbcTemplate jdbc() {
        return jdbc;
    }

    @Override
    public final long pending() {
        return jdbc().queryForObject("SELECT count(*) FROM " + table, Long.class);
    }

    private long length(RedisConnection connection) {
        return (Long) connection.command("LLEN", queue);
    }

    static void await(String what, Duration timeout, BooleanSupplier reached) {
        long end = System.nanoTime() + timeout.toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("waited for " + timeout + " for " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private static HikariDataSource pool(PostgresCluster postgres, String database, int connections) {
        HikariDataSource pool = BenchmarkDatabase.created(postgres, database, connections);
        pool.setMinimumIdle(0);
        return pool;
    }

    /** A call that fails is the library's to repeat: repeated by Redisson, one whose answer got lost would be there twice. */
    private static RedissonClient redisson(TestRedis redis, int connections) {
        Config config =
                new Config().setCodec(StringCodec.INSTANCE).setThreads(2).setNettyThreads(2);
        config.useSingleServer()
                .setAddress(redis.url())
                .setRetryAttempts(0)
                .setConnectTimeout(CALL_TIMEOUT_MS)
                .setTimeout(CALL_TIMEOUT_MS)
                .setConnectionPoolSize(connections)
                .setConnectionMinimumIdleSize(1)
                .setSubscriptionConnectionMinimumIdleSize(0);
        return Redisson.create(config);
    }
}

package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import com.gruelbox.transactionoutbox.Dialect;
import com.gruelbox.transactionoutbox.Instantiator;
import com.gruelbox.transactionoutbox.Persistor;
import com.gruelbox.transactionoutbox.Submitter;
import com.gruelbox.transactionoutbox.ThreadLocalContextTransactionManager;
import com.gruelbox.transactionoutbox.TransactionManager;
import com.gruelbox.transactionoutbox.TransactionOutbox;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gruelbox's transaction-outbox: each message is a call of a method, made after the commit, or by a flush. This version knows
 * no order; it came with a later one.
 */
public final class TransactionOutboxPeer implements Peer {

    /*
     * Its README, "Set up the background worker" and "Configuration reference", and the documentation of ExecutorSubmitter:
     * a large bounded queue (10,000 or more) before a pool of threads, flushes one after another until nothing is left, in
     * large batches; a pool of connections; no logging context in the rows. A full queue makes the flush wait. With 4 or 8
     * threads, or 1,000 or 20,000 messages a flush, it was as fast, within what rounds differ by. What fails is tried again
     * without end; by default 5 times, each 2 minutes.
     */
    private static final int THREADS = 16;
    private static final int QUEUE = 20_000;
    private static final int FLUSH_BATCH = 5000;
    private static final Duration PAUSE_BETWEEN_FLUSHES = Duration.ofSeconds(1);
    private static final Duration ATTEMPT_FREQUENCY = Duration.ofSeconds(30);

    @Override
    public DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new GruelboxOutbox(postgres, redis, queue);
    }

    /** What the library calls. Public, since it looks the method up by name. */
    public interface Delivery {
        void push(String payload);
    }

    private static final class GruelboxOutbox extends PeerOutbox {

        private static final Logger log = LoggerFactory.getLogger(TransactionOutboxPeer.class);

        private final ThreadPoolExecutor executor;
        private final ThreadLocalContextTransactionManager transactionManager;
        private final TransactionOutbox outbox;
        private volatile boolean delivering;
        private Thread flushes = new Thread();

        GruelboxOutbox(PostgresCluster postgres, TestRedis redis, String queue) {
            super(
                    "gruelbox transaction-outbox %s",
                    TransactionOutbox.class, "txno_outbox", THREADS, postgres, redis, queue);
            this.executor = new ThreadPoolExecutor(
                    THREADS,
                    THREADS,
                    1,
                    TimeUnit.MINUTES,
                    new ArrayBlockingQueue<>(QUEUE),
                    (task, full) -> waitForPlace(task));
            this.transactionManager = TransactionManager.fromDataSource(database());
            this.outbox = TransactionOutbox.builder()
                    .transactionManager(transactionManager)
                    .persistor(Persistor.forDialect(Dialect.POSTGRESQL_9))
                    .instantiator(Instantiator.using(type -> (Delivery) this::push))
                    .submitter(Submitter.withExecutor(this::submit))
                    .clockProvider(Clock::systemUTC) // its own default is a class of the other Hibernate Validator
                    .flushBatchSize(FLUSH_BATCH)
                    .attemptFrequency(ATTEMPT_FREQUENCY)
                    .blockAfterAttempts(Integer.MAX_VALUE)
                    .serializeMdc(false)
                    .build();
        }

        @Override
        String copies() {
            return """
                    INSERT INTO txno_outbox (id, invocation, nextattempttime, attempts, blocked, version,
                        uniquerequestid, processed, lastattempttime)
                    SELECT gen_random_uuid(), invocation, nextattempttime, attempts, blocked, version,
                        uniquerequestid, processed, lastattempttime
                    FROM generate_series(1, 1000) n, txno_outbox
                    ORDER BY n LIMIT ?""";
        }

        @Override
        void inTransaction(Runnable work) {
            transactionManager.inTransaction(work);
        }

        @Override
        void insertPurchase(UUID id, String item) {
            transactionManager.requireTransaction(transaction -> {
                try (PreparedStatement insert = transaction.connection().prepareStatement(PURCHASE)) {
                    insert.setObject(1, id);
                    insert.setString(2, item);
                    insert.executeUpdate();
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
        }

        @Override
        void store(String model, String payload) {
            outbox.schedule(Delivery.class).push(payload);
        }

        @Override
        public void startDelivering() {
            delivering = true;
            flushes = new Thread(this::flush, "flush");
            flushes.start();
        }

        /** A message that was not delivered after its commit waits for the attempt frequency; here it has done so. */
        @Override
        void age() {
            jdbc().update("UPDATE txno_outbox SET nextattempttime = localtimestamp - interval '1 day'");
        }

        @Override
        void stopDelivering() throws InterruptedException {
            delivering = false;
            LockSupport.unpark(flushes);
            flushes.join();
        }

        private void flush() {
            while (delivering) {
                try {
                    while (outbox.flush()) {}
                } catch (RuntimeException e) {
                    log.warn("flushed again after a pause", e); // as its README does
                }
                LockSupport.parkNanos(PAUSE_BETWEEN_FLUSHES.toNanos());
            }
        }

        /** Refused work stays in the table. */
        private void submit(Runnable task) {
            if (!delivering) {
                throw new RejectedExecutionException();
            }
            executor.execute(task);
        }

        private void waitForPlace(Runnable task) {
            try {
                executor.getQueue().put(task);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RejectedExecutionException(e);
            }
        }

        @Override
        public void close() {
            try {
                stopDelivering();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            executor.shutdownNow();
            super.close();
        }
    }
}

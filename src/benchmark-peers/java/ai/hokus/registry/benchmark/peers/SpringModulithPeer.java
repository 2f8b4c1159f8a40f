package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.modulith.events.FailedEventPublications;
import org.springframework.modulith.events.IncompleteEventPublications;
import org.springframework.modulith.events.ResubmissionOptions;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Spring Modulith's event publication registry: an asynchronous listener after the commit; what it missed is submitted
 * again. It knows no order, except with one thread.
 */
public final class SpringModulithPeer implements Peer {

    private static final int THREADS = 16;
    private static final int SHARES = 4;
    private static final ResubmissionOptions FAILED =
            ResubmissionOptions.defaults().withBatchSize(1000);

    /**
     * Its documentation, "Working with Application Events": completed publications are deleted ("Event Publication
     * Completion"); the listener needs no transaction of its own, so it has none. A resubmission marks one publication
     * after the other on its caller's thread, with a commit each, so several run at once, each with its share by the
     * predicate ("Managing Event Publications"). The same page leaves it to the
     * application when to try again what failed: here each second.
     */
    private static final String[] TUNING = {"--spring.modulith.events.completion-mode=delete"};

    @Override
    public DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new SpringModulithOutbox(postgres, redis, queue);
    }

    /** @param number tells equal payloads apart: the registry knows publications in progress by the event. */
    record Message(long number, String model, String payload) {}

    private static final class SpringModulithOutbox extends PeerOutbox {

        private static final Logger log = LoggerFactory.getLogger(SpringModulithPeer.class);

        private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        private final ExecutorService resubmissions = Executors.newFixedThreadPool(SHARES);
        private final ScheduledExecutorService retries = Executors.newSingleThreadScheduledExecutor();
        private final AtomicLong numbers = new AtomicLong(1_000_000_000);
        private final ConfigurableApplicationContext context;
        private final IncompleteEventPublications backlog;
        private final TransactionTemplate transactions;
        private volatile boolean delivering;

        SpringModulithOutbox(PostgresCluster postgres, TestRedis redis, String queue) {
            super(
                    "Spring Modulith event publication registry %s",
                    IncompleteEventPublications.class, "event_publication", THREADS, postgres, redis, queue);
            this.context = PeerContext.start(
                    SpringModulithApplication.class,
                    this,
                    beans -> {
                        beans.registerBean("delivery", Executor.class, () -> this::execute);
                        beans.registerBean(Delivery.class);
                    },
                    TUNING);
            this.backlog = context.getBean(IncompleteEventPublications.class);
            this.transactions = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
            FailedEventPublications failed = context.getBean(FailedEventPublications.class);
            retries.scheduleWithFixedDelay(() -> retry(failed), 1, 1, TimeUnit.SECONDS);
        }

        @Override
        String copies() {
            return """
                    INSERT INTO event_publication (id, listener_id, event_type, serialized_event, publication_date,
                        completion_date, status, completion_attempts, last_resubmission_date)
                    SELECT gen_random_uuid(), listener_id, event_type,
                        regexp_replace(serialized_event, '"number":\\d+', '"number":' || row_number() OVER ()),
                        publication_date + n * interval '1 ms', completion_date, status, completion_attempts,
                        last_resubmission_date
                    FROM generate_series(1, 1000) n, event_publication
                    ORDER BY n, publication_date LIMIT ?""";
        }

        @Override
        void inTransaction(Runnable work) {
            transactions.executeWithoutResult(transaction -> work.run());
        }

        @Override
        void store(String model, String payload) {
            context.publishEvent(new Message(numbers.incrementAndGet(), model, payload));
        }

        @Override
        public void startDelivering() {
            delivering = true;
        }

        @Override
        void deliverBacklog() {
            for (int share = 0; share < SHARES; share++) {
                int mine = share;
                resubmissions.execute(() -> backlog.resubmitIncompletePublications(
                        publication -> Math.floorMod(publication.getIdentifier().hashCode(), SHARES) == mine));
            }
        }

        private void retry(FailedEventPublications failed) {
            try {
                if (delivering) {
                    failed.resubmit(FAILED);
                }
            } catch (RuntimeException e) {
                log.warn("tried again in a second", e); // and goes on, as Spring's scheduling does
            }
        }

        @Override
        void stopDelivering() {
            delivering = false;
        }

        /** While delivery is stopped, the listener is lost as in a crash right after the commit. */
        private void execute(Runnable listener) {
            if (delivering) {
                threads.execute(listener);
            }
        }

        @Override
        public void close() {
            retries.shutdownNow();
            context.close();
            resubmissions.shutdownNow();
            threads.shutdownNow();
            super.close();
        }
    }

    static class Delivery {

        private final PeerOutbox outbox;

        Delivery(PeerOutbox outbox) {
            this.outbox = outbox;
        }

        @Async("delivery")
        @TransactionalEventListener
        public void on(Message message) {
            outbox.push(message.payload());
        }
    }
}

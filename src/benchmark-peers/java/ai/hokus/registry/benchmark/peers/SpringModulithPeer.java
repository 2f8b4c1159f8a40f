package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.modulith.events.IncompleteEventPublications;
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

    /**
     * Its documentation, "Working with Application Events": completed publications are deleted ("Event Publication
     * Completion"); the listener needs no transaction of its own, so it has none. A resubmission marks one publication
     * after the other on its caller's thread, with a commit each, so several run at once, each with its share by the
     * predicate ("Managing Event Publications").
     */
    private static final String[] TUNING = {"--spring.modulith.events.completion-mode=delete"};

    @Override
    public DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new SpringModulithOutbox(postgres, redis, queue);
    }

    /** @param number tells equal payloads apart: the registry knows publications in progress by the event. */
    record Message(long number, String model, String payload) {}

    private static final class SpringModulithOutbox extends PeerOutbox {

        private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        private final ExecutorService resubmissions = Executors.newFixedThreadPool(SHARES);
        private final AtomicLong numbers = new AtomicLong(1_000_000_000);
        private final ConfigurableApplicationContext context;
        private final IncompleteEventPublications backlog;
        private final TransactionTemplate transactions;
        private volatile boolean delivering;

        SpringModulithOutbox(PostgresCluster postgres, TestRedis redis, String queue) {
            super(
                    "Spring Modulith event publication registry %s, no order",
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

package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import io.namastack.outbox.Outbox;
import io.namastack.outbox.OutboxProcessingScheduler;
import io.namastack.outbox.handler.OutboxRecordMetadata;
import io.namastack.outbox.handler.OutboxTypedHandler;
import java.time.Duration;
import org.springframework.context.ConfigurableApplicationContext;

/** Namastack Outbox: polls for keys that have records, and delivers each key's records in order. */
public final class NamastackPeer implements Peer {

    private static final int THREADS = 16;

    /**
     * Its documentation, "Performance Tuning", the candidate for platform threads: 1,000 keys a cycle, a cycle 25 ms after
     * the last one. Completed records are deleted, as in the settings of its own performance test ("Processing Chain"
     * describes the setting); 16 threads as there. "Retry Mechanisms": what fails is tried again without end, each 10 s at the
     * latest, and its key's later records wait for it, as by default; the other default is to give up after 3 retries.
     */
    private static final String[] TUNING = {
        "--namastack.outbox.polling.trigger=fixed",
        "--namastack.outbox.polling.fixed.interval=25ms",
        "--namastack.outbox.polling.batch-size=1000",
        "--namastack.outbox.processing.executor-core-pool-size=" + THREADS,
        "--namastack.outbox.processing.executor-max-pool-size=32",
        "--namastack.outbox.processing.delete-completed-records=true",
        "--namastack.outbox.instance.rebalance-interval=1s",
        "--namastack.outbox.retry.policy=exponential",
        "--namastack.outbox.retry.max-retries=1000000",
        "--namastack.outbox.retry.exponential.initial-delay=1s",
        "--namastack.outbox.retry.exponential.max-delay=10s",
    };

    @Override
    public DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new NamastackOutbox(postgres, redis, queue);
    }

    private static final class NamastackOutbox extends PeerOutbox {

        private final ConfigurableApplicationContext context;
        private final Outbox outbox;
        private final OutboxProcessingScheduler scheduler;

        NamastackOutbox(PostgresCluster postgres, TestRedis redis, String queue) {
            super("namastack-outbox %s", Outbox.class, "outbox_record", THREADS, postgres, redis, queue);
            this.context = PeerContext.start(
                    NamastackApplication.class, this, beans -> beans.registerBean(Delivery.class), TUNING);
            this.outbox = context.getBean(Outbox.class);
            this.scheduler = context.getBean(OutboxProcessingScheduler.class);
            await(
                    "partitions",
                    Duration.ofSeconds(60),
                    () -> jdbc().queryForObject(
                                            "SELECT count(*) FROM outbox_partition WHERE instance_id IS NOT NULL",
                                            Integer.class)
                            == 256);
            scheduler.stop();
        }

        @Override
        String copies() {
            return """
                    INSERT INTO outbox_record (id, status, record_key, record_type, payload, context, created_at,
                        completed_at, failure_count, failure_reason, next_retry_at, partition_no, handler_id)
                    SELECT gen_random_uuid(), status, record_key, record_type, payload, context,
                        created_at + n * interval '1 ms', completed_at, failure_count, failure_reason, next_retry_at,
                        partition_no, handler_id
                    FROM generate_series(1, 1000) n, outbox_record
                    ORDER BY n, created_at LIMIT ?""";
        }

        @Override
        public boolean keepsOrder() {
            return true;
        }

        @Override
        void store(String model, String payload) {
            outbox.schedule(payload, model);
        }

        @Override
        public void startDelivering() {
            scheduler.start();
        }

        @Override
        void stopDelivering() {
            scheduler.stop();
        }

        @Override
        public void close() {
            context.close();
            super.close();
        }
    }

    private static final class Delivery implements OutboxTypedHandler<String> {

        private final PeerOutbox outbox;

        Delivery(PeerOutbox outbox) {
            this.outbox = outbox;
        }

        @Override
        public void handle(String payload, OutboxRecordMetadata metadata) {
            outbox.push(payload);
        }
    }
}

package ai.hokus.registry.benchmark.peers;

import ai.hokus.registry.benchmark.BenchmarkDatabase;
import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.benchmark.Peer;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import com.fasterxml.uuid.Generators;
import com.fasterxml.uuid.NoArgGenerator;
import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.task.FailureHandler.ExponentialBackoffFailureHandler;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;

/** db-scheduler as an outbox: each message is a job to be run at once, staged in the transaction. It knows no order. */
public final class DbSchedulerPeer implements Peer {

    /*
     * Its README, "Polling strategy": lock-and-fetch for more than 1,000 a second; "Benchmark test": the limits 4 and 20 for
     * 20 threads. "Things to note": it is told to look right after the commit, so that the interval matters only for what
     * was missed. "Task configuration": what fails is tried again without end, after 1 s and then after half as long again each
     * time; by default after 5 minutes.
     */
    private static final int THREADS = 20;
    private static final double FETCH_BELOW = 4;
    private static final double FETCH_UP_TO = 20;
    private static final Duration POLLING_INTERVAL = Duration.ofSeconds(1);
    private static final Duration INITIAL_BACKOFF = Duration.ofSeconds(1);

    /** The library leaves the choice to its user: the best there is, ids that begin with the time. */
    private static final NoArgGenerator IDS = Generators.timeBasedEpochRandomGenerator();

    @Override
    public DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new DbSchedulerOutbox(postgres, redis, queue);
    }

    private static final class DbSchedulerOutbox extends PeerOutbox {

        /** The README's table and indexes for PostgreSQL, without those for priorities. */
        private static final String SCHEMA = """
                CREATE TABLE scheduled_tasks (
                    task_name text NOT NULL,
                    task_instance text NOT NULL,
                    task_data bytea,
                    execution_time timestamp with time zone NOT NULL,
                    picked boolean NOT NULL,
                    picked_by text,
                    last_success timestamp with time zone,
                    last_failure timestamp with time zone,
                    consecutive_failures int,
                    last_heartbeat timestamp with time zone,
                    version bigint NOT NULL,
                    priority smallint,
                    PRIMARY KEY (task_name, task_instance));
                CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
                CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
                """;

        private final OneTimeTask<String> delivery;
        private final SchedulerClient client;
        private final Scheduler scheduler;

        DbSchedulerOutbox(PostgresCluster postgres, TestRedis redis, String queue) {
            super("db-scheduler %s", Scheduler.class, "scheduled_tasks", THREADS, postgres, redis, queue);
            jdbc().execute(SCHEMA);
            this.delivery = Tasks.oneTime("delivery", String.class)
                    .onFailure(new ExponentialBackoffFailureHandler<>(INITIAL_BACKOFF))
                    .execute((instance, context) -> push(instance.getData()));
            this.client = SchedulerClient.Builder.create(new TransactionAwareDataSourceProxy(database()), delivery)
                    .build();
            this.scheduler = Scheduler.create(database(), delivery)
                    .threads(THREADS)
                    .pollUsingLockAndFetch(FETCH_BELOW, FETCH_UP_TO)
                    .pollingInterval(POLLING_INTERVAL)
                    .build();
            scheduler.pause();
            scheduler.start();
        }

        @Override
        String copies() {
            return """
                    INSERT INTO scheduled_tasks (task_name, task_instance, task_data, execution_time, picked, version)
                    SELECT task_name, %s, task_data, execution_time + n * interval '1 us', picked, version
                    FROM generate_series(1, 1000) n, scheduled_tasks
                    ORDER BY n, execution_time LIMIT ?""".formatted(BenchmarkDatabase.TIMED_ID);
        }

        @Override
        void store(String model, String payload) {
            client.scheduleIfNotExists(delivery.instance(IDS.generate().toString(), payload), Instant.now());
        }

        @Override
        public void publish(String model, String payload) {
            super.publish(model, payload);
            scheduler.triggerCheckForDueExecutions();
        }

        @Override
        public void purchase(String item, @Nullable String payload) {
            super.purchase(item, payload);
            scheduler.triggerCheckForDueExecutions();
        }

        @Override
        public void startDelivering() {
            scheduler.resume();
            scheduler.triggerCheckForDueExecutions();
        }

        @Override
        void stopDelivering() {
            scheduler.pause();
        }

        @Override
        public void close() {
            scheduler.stop();
            super.close();
        }
    }
}

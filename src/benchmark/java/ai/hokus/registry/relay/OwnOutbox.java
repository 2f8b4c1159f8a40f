package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.benchmark.DeliveringOutbox;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.CommittedMessage;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.OutboxMessage;
import ai.hokus.registry.outbox.OutboxPartition;
import ai.hokus.registry.outbox.TestOutbox;
import ai.hokus.registry.queue.ProducerId;
import ai.hokus.registry.queue.redis.BenchmarkQueue;
import ai.hokus.registry.queue.redis.RedisMessageQueue;
import ai.hokus.registry.support.TestRedis;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;

/** This project's outbox with one relay on one partition, in a database of its own. */
public final class OwnOutbox extends ServiceTables implements DeliveringOutbox {

    private static final RelaySettings DEFAULTS =
            new Binder(List.of()).bindOrCreate("registry.relay", RelaySettings.class);

    static final int BATCH_MESSAGES = DEFAULTS.batchMessages();

    private static final long BATCH_BYTES = 4_000_000;

    private final TestOutbox outbox;
    private final RedisMessageQueue queue;
    private final OutboxPartition partition;
    private final ProducerId producer;
    private final int batchMessages;

    /** While it delivers. */
    private volatile @Nullable Relay relay;

    OwnOutbox(String name, BenchmarkServers servers) {
        this(name, BATCH_MESSAGES, servers);
    }

    OwnOutbox(String name, int batchMessages, BenchmarkServers servers) {
        this(name, name.replaceAll("\\W", "_"), batchMessages, 4, servers);
    }

    private OwnOutbox(String name, String queueName, int batchMessages, int connections, BenchmarkServers servers) {
        super(name, queueName, connections, servers);
        this.batchMessages = batchMessages;
        jdbc().execute(PURCHASES);
        this.outbox = TestOutbox.on(database(), Duration.ofHours(1), this::committed);
        this.queue = BenchmarkQueue.open(redis().port(), queueName);
        this.partition = outbox.partitions().forRelay("benchmark", queueName).get(0);
        this.producer = new ProducerId(outbox.partitions().outboxId(), 0);
    }

    /** As {@link ai.hokus.registry.benchmark.Peer}s are opened, with as many connections as the service has. */
    public static DeliveringOutbox open(PostgresCluster postgres, TestRedis redis, String queue) {
        return new OwnOutbox("this project, by key", queue, BATCH_MESSAGES, 16, new BenchmarkServers(postgres, redis));
    }

    /** One pass of the relay, until nothing is pending. */
    @Override
    long deliverAll() {
        AtomicLong lastAnswer = new AtomicLong();
        PassObserver observer = new PassObserver() {
            @Override
            public void appended(List<OutboxMessage> messages, Duration took) {
                lastAnswer.set(System.nanoTime());
            }
        };
        BatchAppender appender =
                new BatchAppender(queue, producer, observer, append -> new Thread(append, "append").start());
        var limits = new RelayPass.Limits(batchMessages, BATCH_BYTES, PartitionRelay.CLAIM_AHEAD_FROM);
        RelayPass.Result result = new RelayPass(
                        partition, queue, producer, limits, appender, () -> true, LingerPolicy.NONE, observer)
                .run(queue.newestCheckpoint(producer), null);
        assertThat(result.state()).isEqualTo(RelayState.IDLE);
        return lastAnswer.get();
    }

    /** With the relay's own thread, lock and wake-up after a commit, every setting at its default: as in the service. */
    @Override
    public void startDelivering() {
        Clock clock = Clock.systemUTC();
        QueueBreaker breaker =
                new QueueBreaker(DEFAULTS.initialBackoff(), DEFAULTS.maxBackoff(), DEFAULTS.lockAtMostFor(), clock);
        LockProvider locks = new JdbcTemplateLockProvider(JdbcTemplateLockProvider.Configuration.builder()
                .withJdbcTemplate(jdbc())
                .usingDbTime()
                .build());
        Relay started = new Relay(
                RelayMode.RELAYING,
                () -> List.of(new PartitionRelay(
                        partition, queue, producer, breaker, locks, DEFAULTS, clock, new RelayListeners(List.of()))),
                breaker);
        started.start();
        relay = started;
    }

    private void committed(CommittedMessage message) {
        Relay delivering = relay;
        if (delivering != null) {
            delivering.committed(message);
        }
    }

    @Override
    public void publish(String model, String payload) {
        NewMessage message = NewMessage.of(model, "model_ready_to_deploy", payload);
        outbox.transaction().executeWithoutResult(open -> outbox.outbox().add(List.of(message)));
    }

    @Override
    public long pending() {
        return jdbc().queryForObject("SELECT count(*) FROM outbox_pending_messages", Long.class);
    }

    @Override
    public boolean keepsOrder() {
        return true;
    }

    @Override
    public void purchase(String item, @Nullable String payload) {
        UUID id = UUID.randomUUID();
        outbox.transaction().executeWithoutResult(open -> {
            outbox.jdbc().update(PURCHASE, id, item);
            if (payload != null) {
                outbox.outbox().add(List.of(NewMessage.of(item, "purchased", payload)));
            }
        });
    }

    @Override
    public void close() {
        Relay delivering = relay;
        if (delivering != null) {
            delivering.stop();
        }
        queue.close();
        super.close();
    }
}

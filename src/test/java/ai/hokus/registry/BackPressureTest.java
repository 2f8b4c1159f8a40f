package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.status.StatusCache;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A large backlog, a small queue, and a consumer that pauses until the queue is full again. */
class BackPressureTest {

    private static final int BACKLOG = 200_000;
    /** In a second or so, on however busy a machine: the pool gives a statement ten. */
    private static final int INSERTED_AT_ONCE = 10_000;

    private static final int CAPACITY = 5_000;
    private static final int TAKEN_AT_ONCE = 4_000;

    private static final long BETWEEN_LOOKS_NANOS = 1_000_000;

    private static final Pattern NUMBER = Pattern.compile("\"n\":(\\d+)[,}]");

    /** As an outage leaves it behind: committed, without positions. */
    private static final String BACKLOG_SQL = """
            INSERT INTO outbox_message (message_id, partition_id, message_key, message_type, payload)
            SELECT gen_random_uuid(), 0, 'model-' || n % 50, 'model_ready_to_deploy',
                   '{"model_id":"model-' || n % 50 || '/' || n || '/T","model_name":"model-' || n % 50
                   || '","n":' || n || ',"padding":"' || repeat('x', 300) || '"}'
            FROM generate_series(?, ?) AS n ORDER BY n
            """;

    private final String queue = TestRedis.freshName("pressure");

    @Test
    void the_queue_stays_within_its_capacity_and_everything_gets_through_in_order() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.POSTGRESQL,
                        Map.of(
                                "REDIS_URL",
                                redis.url(),
                                "registry.queue.name",
                                queue,
                                "registry.queue.capacity",
                                Integer.toString(CAPACITY),
                                "registry.queue.command-timeout",
                                "20s",
                                "registry.relay.lock-at-most-for",
                                "90s",
                                "registry.relay.interval",
                                "10ms"));
                DepthWatch watch = new DepthWatch(redis);
                RedisConnection consumer = redis.connect()) {
            for (int n = 0; n < BACKLOG; n += INSERTED_AT_ONCE) {
                service.jdbc().update(BACKLOG_SQL, n + 1, n + INSERTED_AT_ONCE);
            }

            int last = 0;
            while (last < BACKLOG) {
                awaitFullOrDrained(service);
                assertThat((Long) consumer.command("LLEN", queue)).isLessThanOrEqualTo(CAPACITY);
                for (String element : consumer.texts("RPOP", queue, Integer.toString(TAKEN_AT_ONCE))) {
                    assertThat(number(element)).isEqualTo(++last);
                }
            }

            assertThat(consumer.command("RPOP", queue)).isNull();
            assertThat(watch.deepest()).isGreaterThan(CAPACITY - TAKEN_AT_ONCE).isLessThanOrEqualTo(CAPACITY);
            assertThat(service.jdbc().queryForObject("SELECT count(*) FROM outbox_parked", Integer.class))
                    .isZero();
            Eventually.await("idle", () -> state(service) == RelayState.IDLE);
        }
    }

    /** The consumer's break: until the relay can do nothing more without it. */
    private static void awaitFullOrDrained(RunningService service) {
        Relay relay = service.bean(Relay.class);
        Eventually.await(
                "full or drained",
                () -> state(service) == RelayState.QUEUE_FULL
                                && relay.statuses().get(0).queueDepth() == CAPACITY
                        || state(service) == RelayState.IDLE && allDelivered(service),
                relay::statuses);
        assertThat(relay.breaker()).isEqualTo(BreakerState.CLOSED);
        assertThat(relay.statuses().get(0).lastError()).isNull();
        if (state(service) == RelayState.QUEUE_FULL) {
            assertThat(service.bean(StatusCache.class).current().queueFull()).isTrue();
        }
    }

    private static boolean allDelivered(RunningService service) {
        return service.jdbc().queryForObject("SELECT delivered_position FROM outbox_progress", Long.class) == BACKLOG;
    }

    private static RelayState state(RunningService service) {
        return service.bean(Relay.class).statuses().get(0).state();
    }

    private static int number(String element) {
        Matcher matcher = NUMBER.matcher(element);
        assertThat(matcher.find()).isTrue();
        return Integer.parseInt(matcher.group(1));
    }

    /** Looks at the queue all the time, whatever the relay and the consumer do. */
    private final class DepthWatch implements AutoCloseable {

        private final AtomicLong deepest = new AtomicLong();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Thread thread;

        DepthWatch(TestRedis redis) {
            thread = new Thread(() -> watch(redis), "depth-watch");
            thread.start();
        }

        long deepest() {
            return deepest.get();
        }

        private void watch(TestRedis redis) {
            try (RedisConnection connection = redis.connect()) {
                while (!over.get()) {
                    deepest.accumulateAndGet((Long) connection.command("LLEN", queue), Math::max);
                    LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
                }
            }
        }

        @Override
        public void close() {
            over.set(true);
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}

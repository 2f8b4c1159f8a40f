package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.operations.DatabaseState;
import ai.hokus.registry.operations.PartitionView;
import ai.hokus.registry.operations.RedisState;
import ai.hokus.registry.operations.ServiceStatus;
import ai.hokus.registry.relay.QueueCapacity;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusGaugesTest {

    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final DatabaseState ANSWERS = new DatabaseState(true, NOW, null);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private ServiceStatus status = status(false, RedisState.REACHABLE, "closed");

    StatusGaugesTest() {
        new StatusGauges(() -> status, new QueueCapacity(1_000), 2).bindTo(registry);
    }

    @Test
    void each_partition_has_its_own_gauges() {
        assertThat(partition("registry.outbox.pending", 0)).isEqualTo(3);
        assertThat(partition("registry.outbox.pending", 1)).isEqualTo(70);
        assertThat(partition("registry.outbox.oldest.pending.age", 1)).isEqualTo(1.5);
        assertThat(partition("registry.outbox.parked", 1)).isEqualTo(4);
        assertThat(partition("registry.partition.state", 0)).isZero();
        assertThat(partition("registry.partition.state", 1)).isEqualTo(2);
        assertThat(partition("registry.relay.last.pass.age", 0)).isEqualTo(5);
        assertThat(partition("registry.relay.last.pass.age", 1)).isNaN();
    }

    @Test
    void the_queue_is_seen_by_all_partitions() {
        assertThat(gauge("registry.queue.depth")).isEqualTo(12);
        assertThat(gauge("registry.queue.capacity")).isEqualTo(1_000);
    }

    @Test
    void states_are_numbers_that_grow_with_the_trouble() {
        assertThat(gauge("registry.breaker.state")).isZero();
        assertThat(gauge("registry.redis.reachable")).isEqualTo(1);
        assertThat(gauge("registry.database.reachable")).isEqualTo(1);
        assertThat(gauge("registry.database.writable")).isEqualTo(1);

        status = status(false, RedisState.UNREACHABLE, "half_open");
        assertThat(gauge("registry.breaker.state")).isEqualTo(1);
        assertThat(gauge("registry.redis.reachable")).isZero();
        assertThat(gauge("registry.queue.depth")).isNaN();

        status = status(false, RedisState.NOT_CONFIGURED, "open");
        assertThat(gauge("registry.breaker.state")).isEqualTo(2);
        assertThat(gauge("registry.redis.reachable")).isNaN();
    }

    @Test
    void a_partition_is_stalled_when_messages_wait_and_none_has_been_delivered_for_a_minute() {
        assertThat(stalled("running", 59_000, null, RedisState.REACHABLE)).isZero();
        assertThat(stalled("running", 61_000, null, RedisState.REACHABLE)).isEqualTo(1);
        assertThat(stalled("running", 61_000, NOW.minusSeconds(61), RedisState.REACHABLE))
                .isEqualTo(1);
        assertThat(stalled("running", 61_000, NOW.minusSeconds(1), RedisState.REACHABLE))
                .as("it catches up")
                .isZero();
        assertThat(stalled("running", 61_000, null, RedisState.UNKNOWN))
                .as("this instance does not relay: it may be the reason")
                .isEqualTo(1);
        assertThat(stalled("running", 61_000, null, RedisState.UNREACHABLE)).isZero();
        assertThat(stalled("running", 61_000, null, RedisState.NOT_CONFIGURED)).isZero();
        assertThat(stalled("paused", 61_000, null, RedisState.REACHABLE)).isZero();
    }

    @Test
    void what_is_too_old_has_no_value() {
        status = status(true, RedisState.REACHABLE, "closed");

        assertThat(partition("registry.outbox.pending", 0)).isNaN();
        assertThat(partition("registry.partition.state", 1)).isNaN();
        assertThat(partition("registry.outbox.stalled", 0)).isNaN();
        assertThat(gauge("registry.database.reachable")).isZero();
        assertThat(gauge("registry.database.writable")).isZero();
        assertThat(partition("registry.relay.last.pass.age", 0)).isEqualTo(5);
    }

    @Test
    void before_the_first_sample_nothing_is_said_about_the_database() {
        status = new ServiceStatus(NOW, null, true, ANSWERS, RedisState.UNKNOWN, List.of(), "relaying", "closed");

        assertThat(gauge("registry.database.reachable")).isNaN();
        assertThat(gauge("registry.queue.depth")).isNaN();
        assertThat(partition("registry.outbox.pending", 1)).isNaN();

        status = new ServiceStatus(
                NOW,
                null,
                true,
                new DatabaseState(false, NOW, "refused"),
                RedisState.UNKNOWN,
                List.of(),
                "relaying",
                "closed");
        assertThat(gauge("registry.database.reachable")).isZero();
    }

    private double gauge(String name) {
        return registry.get(name).gauge().value();
    }

    private double partition(String name, int partition) {
        return registry.get(name)
                .tag("partition", Integer.toString(partition))
                .gauge()
                .value();
    }

    private double stalled(String state, long oldestPendingAgeMs, Instant lastDeliveredAt, RedisState redis) {
        PartitionView view = new PartitionView(
                0, state, 3, oldestPendingAgeMs, 0, 100, 30, lastDeliveredAt, "idle", NOW, NOW, null, null, 12L);
        status = new ServiceStatus(NOW, NOW, false, ANSWERS, redis, List.of(view), "relaying", "closed");
        return partition("registry.outbox.stalled", 0);
    }

    private static ServiceStatus status(boolean stale, RedisState redis, String breaker) {
        return new ServiceStatus(
                NOW,
                NOW.minusSeconds(1),
                stale,
                ANSWERS,
                redis,
                List.of(
                        partition(0, "running", 3, 250, 0, NOW.minusSeconds(5), 12L),
                        partition(1, "stopped", 70, 1_500, 4, null, null)),
                "relaying",
                breaker);
    }

    private static PartitionView partition(
            int number, String state, long pending, long ageMs, long parked, Instant lastPassAt, Long depth) {
        return new PartitionView(
                number, state, pending, ageMs, parked, 100, 30, null, "idle", NOW, lastPassAt, null, null, depth);
    }
}

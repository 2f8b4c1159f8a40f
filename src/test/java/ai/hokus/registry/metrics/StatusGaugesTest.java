package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.PartitionState;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.QueueCapacity;
import ai.hokus.registry.relay.RelayMode;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.status.DatabaseState;
import ai.hokus.registry.status.DatabaseState.Condition;
import ai.hokus.registry.status.PartitionStatus;
import ai.hokus.registry.status.PartitionView;
import ai.hokus.registry.status.RedisState;
import ai.hokus.registry.status.ServiceStatus;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusGaugesTest {

    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final DatabaseState ANSWERS = new DatabaseState(Condition.WRITABLE, NOW, null);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private ServiceStatus status = status(false, RedisState.REACHABLE, BreakerState.CLOSED);

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
        assertThat(partition("registry.relay.last.pass.age", 1))
                .as("no pass since the start")
                .isEqualTo(40);
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

        status = status(false, RedisState.UNREACHABLE, BreakerState.HALF_OPEN);
        assertThat(gauge("registry.breaker.state")).isEqualTo(1);
        assertThat(gauge("registry.redis.reachable")).isZero();
        assertThat(gauge("registry.queue.depth")).isNaN();
        assertThat(partition("registry.relay.last.pass.age", 0))
                .as("failed passes are Redis'")
                .isNaN();

        status = status(false, RedisState.NOT_CONFIGURED, BreakerState.OPEN);
        assertThat(gauge("registry.breaker.state")).isEqualTo(2);
        assertThat(gauge("registry.redis.reachable")).isNaN();
    }

    @Test
    void what_is_too_old_has_no_value() {
        status = status(true, RedisState.REACHABLE, BreakerState.CLOSED);

        assertThat(partition("registry.outbox.pending", 0)).isNaN();
        assertThat(partition("registry.partition.state", 1)).isNaN();
        assertThat(partition("registry.relay.last.pass.age", 0)).isEqualTo(5);
    }

    @Test
    void before_the_first_sample_nothing_is_said_about_the_database() {
        status = sampledNever(new DatabaseState(Condition.UNKNOWN, NOW, null));

        assertThat(gauge("registry.database.reachable")).isNaN();
        assertThat(gauge("registry.database.writable")).isNaN();
        assertThat(gauge("registry.queue.depth")).isNaN();
        assertThat(partition("registry.outbox.pending", 1)).isNaN();
        assertThat(partition("registry.outbox.stalled", 1)).isNaN();
        assertThat(gauge("registry.status.sample.age")).isNaN();

        status = sampledNever(new DatabaseState(Condition.UNREACHABLE, NOW, "refused"));
        assertThat(gauge("registry.database.reachable")).isZero();
        assertThat(gauge("registry.database.writable")).isZero();
    }

    @Test
    void the_ages_of_what_never_happened_are_counted_from_the_start() {
        assertThat(gauge("registry.status.sample.age")).isEqualTo(1);

        status = sampledNever(ANSWERS);

        assertThat(gauge("registry.status.sample.age")).isEqualTo(40);
        assertThat(partition("registry.relay.last.pass.age", 0)).isEqualTo(40);
    }

    @Test
    void a_database_that_refuses_writes_is_reachable_and_not_writable() {
        assertThat(gauge("registry.database.writable")).isEqualTo(1);

        status = sampledNever(new DatabaseState(Condition.REFUSES_WRITES, NOW, "read-only"));

        assertThat(gauge("registry.database.reachable")).isEqualTo(1);
        assertThat(gauge("registry.database.writable")).isZero();

        status = sampledNever(new DatabaseState(Condition.REFUSES_REGISTRATIONS, NOW, "a table is locked"));

        assertThat(gauge("registry.database.reachable")).isEqualTo(1);
        assertThat(gauge("registry.database.writable")).isZero();
    }

    @Test
    void a_partition_whose_delivery_stands_still_is_1() {
        assertThat(partition("registry.outbox.stalled", 0)).isZero();
        assertThat(partition("registry.outbox.stalled", 1)).isEqualTo(1);
    }

    private static ServiceStatus sampledNever(DatabaseState database) {
        return new ServiceStatus(
                NOW,
                NOW.minusSeconds(40),
                null,
                false,
                database,
                RedisState.UNKNOWN,
                List.of(relay(0, null, -1)),
                List.of(),
                0,
                null,
                RelayMode.RELAYING,
                BreakerState.CLOSED,
                null);
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

    private static ServiceStatus status(boolean stale, RedisState redis, BreakerState breaker) {
        return new ServiceStatus(
                NOW,
                NOW.minusSeconds(40),
                NOW.minusSeconds(1),
                stale,
                ANSWERS,
                redis,
                List.of(relay(0, NOW.minusSeconds(5), 12), relay(1, null, -1)),
                List.of(
                        partition(0, PartitionState.RUNNING, 3, 250, 0),
                        partition(1, PartitionState.STOPPED, 70, 1_500, 4)),
                0,
                null,
                RelayMode.RELAYING,
                breaker,
                null);
    }

    private static RelayStatus relay(int partition, Instant lastPassAt, long depth) {
        return new RelayStatus(partition, RelayState.FAILING, NOW, lastPassAt, null, null, depth);
    }

    private static PartitionView partition(int number, PartitionState state, long pending, long ageMs, long parked) {
        boolean large = pending > 50;
        return new PartitionView(
                new PartitionStatus(number, state, pending, large, ageMs, parked, 100, 30, null, null),
                large,
                null,
                null,
                null,
                null,
                null,
                null);
    }
}

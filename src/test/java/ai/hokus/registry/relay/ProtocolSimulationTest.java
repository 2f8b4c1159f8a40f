package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ai.hokus.registry.support.TestDatabase;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The relay protocol under every fault that can be thought of, in thousands of seeded schedules: the real {@link RelayPass}
 * and the real SQL against the queue's in-memory twin; a tenth as many on PostgreSQL, where ids do not follow commits. {@code
 * -Dsimulation.schedules} sets how many, {@code -Dsimulation.seed} repeats a run from the seed that it printed.
 */
class ProtocolSimulationTest {

    private static final int SCHEDULES = Integer.getInteger("simulation.schedules", 3000);

    @Test
    void no_schedule_of_faults_breaks_a_promise_on_h2() {
        simulate(TestDatabase.H2, SCHEDULES);
    }

    @Test
    void no_schedule_of_faults_breaks_a_promise_on_postgresql() {
        simulate(TestDatabase.POSTGRESQL, Math.max(1, SCHEDULES / 10));
    }

    /** As many simulations at a time as there are processors, each with a database of its own; a schedule depends on its seed alone. */
    private static void simulate(TestDatabase database, int schedules) {
        long given = Long.getLong("simulation.seed", 0);
        long seed = given == 0 ? System.nanoTime() : given;
        System.out.printf(
                "Protocol simulation on %s: -Dsimulation.seed=%d -Dsimulation.schedules=%d%n",
                database, seed, schedules);

        AtomicLong next = new AtomicLong(seed);
        int atATime = Math.min(schedules, Runtime.getRuntime().availableProcessors());
        List<ProtocolSimulation.Tally> tallies = IntStream.range(0, atATime)
                .parallel()
                .mapToObj(n -> simulate(database, next, seed + schedules))
                .toList();
        System.out.println("Protocol simulation on " + database + ": " + tallies);
        assertThat(tallies.stream().mapToLong(tally -> tally.delivered).sum()).isPositive();
        if (schedules >= 2 * ProtocolSimulation.PROFILES) {
            assertThat(tallies.stream().mapToLong(tally -> tally.full).sum()).isPositive();
        }
        assertThat(tallies.stream()
                        .mapToLong(tally -> tally.appendsAfterAClaimAhead)
                        .sum())
                .isPositive();
    }

    private static ProtocolSimulation.Tally simulate(TestDatabase database, AtomicLong next, long end) {
        ProtocolSimulation simulation = new ProtocolSimulation(database);
        for (long seed = next.getAndIncrement(); seed < end; seed = next.getAndIncrement()) {
            ProtocolSimulation.Finding finding = simulation.run(seed);
            if (finding != null) {
                next.set(end); // the others need not go on
                fail("repeat it with -Dsimulation.seed=%d -Dsimulation.schedules=1: %s", seed, finding);
            }
        }
        return simulation.tally();
    }
}

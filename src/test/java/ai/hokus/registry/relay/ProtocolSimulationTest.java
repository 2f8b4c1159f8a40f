package ai.hokus.registry.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.TestDatabase;
import org.junit.jupiter.api.Test;

/**
 * The relay protocol under every fault that can be thought of, in thousands of seeded schedules: the real {@link
 * RelayPass} and the real SQL, on H2, against the queue's in-memory twin. {@code -Dsimulation.schedules} sets how many,
 * {@code -Dsimulation.seed} repeats a run from the seed that it printed.
 */
class ProtocolSimulationTest {

    @Test
    void no_schedule_of_faults_loses_doubles_or_misorders_a_message() {
        long given = Long.getLong("simulation.seed", 0);
        long seed = given == 0 ? System.nanoTime() : given;
        int schedules = Integer.getInteger("simulation.schedules", 3000);
        System.out.printf("Protocol simulation: -Dsimulation.seed=%d -Dsimulation.schedules=%d%n", seed, schedules);

        ProtocolSimulation simulation = new ProtocolSimulation(TestDatabase.H2.newMigrated(1));
        for (long n = 0; n < schedules; n++) {
            ProtocolSimulation.Finding finding = simulation.run(seed + n);
            assertThat(finding)
                    .as("repeat it with -Dsimulation.seed=%d -Dsimulation.schedules=1", seed + n)
                    .isNull();
        }
        System.out.println("Protocol simulation: " + simulation.tally());
        assertThat(simulation.tally().delivered()).isPositive();
    }
}

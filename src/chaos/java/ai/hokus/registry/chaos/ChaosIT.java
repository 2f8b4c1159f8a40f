package ai.hokus.registry.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/**
 * Plays the scenarios, one test each. {@code -Dchaos.minutes} says how long: up to five, the short selection, and what finds
 * no time is skipped; more, all of them, and then the shared stage's again in random order until time is up. {@code
 * -Dchaos.seed} repeats a run's choices, {@code -Dchaos.scenario} plays only those whose sentence has a match of this
 * regular expression.
 */
class ChaosIT {

    private static final int SHORT_MINUTES = 5;

    private final long started = System.nanoTime();
    private final int minutes = Integer.getInteger("chaos.minutes", 2);

    private static final Ledger LEDGER = new Ledger();
    private static final long SEED = seed();

    private static final String ONLY = System.getProperty("chaos.scenario", "");

    private static Stage shared;
    private static int played;

    private static long seed() {
        long given = Long.getLong("chaos.seed", 0);
        return given == 0 ? System.currentTimeMillis() % 1_000_000 + 1 : given;
    }

    @BeforeAll
    static void begin() {
        System.out.printf("Chaos: -Dchaos.seed=%d -Dchaos.minutes=%d%n", SEED, Integer.getInteger("chaos.minutes", 2));
        LEDGER.fact("seed", Long.toString(SEED));
        LEDGER.fact(
                "machine",
                Runtime.getRuntime().availableProcessors() + " cores, " + System.getProperty("os.name") + " "
                        + System.getProperty("os.version"));
        LEDGER.fact("java", System.getProperty("java.version"));
    }

    @AfterAll
    static void end() {
        if (shared != null) {
            shared.close();
        }
        LEDGER.write(Path.of("target", "chaos"), SEED);
        System.out.println(LEDGER.markdown());
    }

    @TestFactory
    Stream<DynamicTest> acknowledged_registrations_survive() {
        if (!ONLY.isEmpty()) {
            return everything().stream()
                    .filter(scenario ->
                            Pattern.compile(ONLY).matcher(scenario.sentence()).find())
                    .map(scenario -> DynamicTest.dynamicTest(scenario.sentence(), () -> play(scenario)));
        }
        List<Scenario> scenarios = minutes <= SHORT_MINUTES ? selection() : everything();
        Stream<DynamicTest> once =
                scenarios.stream().map(scenario -> DynamicTest.dynamicTest(scenario.sentence(), () -> play(scenario)));
        return Stream.concat(once, minutes <= SHORT_MINUTES ? Stream.empty() : rounds());
    }

    /** One of each kind of fault. */
    private static List<Scenario> selection() {
        return List.of(
                InstanceScenarios.killedAtSomeStepsOfAPass(),
                RedisScenarios.failover(),
                DatabaseScenarios.cutInMidCommit(),
                RedisScenarios.answersLost(),
                RedisScenarios.queueDeleted(),
                DatabaseScenarios.quietlyRestored(),
                InstanceScenarios.pausedWhileAnAppendIsOnItsWay(),
                DatabaseScenarios.lockRowDeleted(),
                DatabaseScenarios.snapshotHeld(),
                DatabaseScenarios.killed(),
                RedisScenarios.flushed(),
                RedisScenarios.hung(),
                InstanceScenarios.frozenInsideARegistration(),
                InstanceScenarios.frozenForLongerThanItsLock(),
                InstanceScenarios.clockShifted());
    }

    private static List<Scenario> everything() {
        List<Scenario> all = new ArrayList<>(sharing());
        all.addAll(List.of(
                DeploymentScenarios.diskFull(),
                RedisScenarios.outageLongerThanRetention(),
                RedisScenarios.outageEndsWithAFailover(),
                FailoverScenarios.bySentinels(),
                FailoverScenarios.inACluster(),
                FailoverScenarios.byName(),
                DatabaseScenarios.restored(),
                DatabaseScenarios.copied(),
                DatabaseScenarios.copiedToAnotherEnvironment(),
                DeploymentScenarios.twoQueueNames(),
                DeploymentScenarios.twoRedisServers()));
        return all;
    }

    private static List<Scenario> sharing() {
        return List.of(
                InstanceScenarios.killedAtEachStepOfAPass(),
                InstanceScenarios.killedAtRandom(),
                InstanceScenarios.frozenForLongerThanItsLock(),
                InstanceScenarios.frozenInsideItsClaim(),
                InstanceScenarios.frozenInsideARegistration(),
                InstanceScenarios.clockShifted(),
                RedisScenarios.killed(),
                RedisScenarios.hung(),
                RedisScenarios.answersLost(),
                RedisScenarios.failover(),
                RedisScenarios.flushed(),
                RedisScenarios.killedWithNothingOnDisk(),
                RedisScenarios.queueDeleted(),
                DatabaseScenarios.killed(),
                DatabaseScenarios.cutInMidCommit(),
                DatabaseScenarios.quietlyRestored(),
                DatabaseScenarios.lockRowDeleted(),
                DatabaseScenarios.snapshotHeld(),
                InstanceScenarios.pausedWhileAnAppendIsOnItsWay(),
                DeploymentScenarios.rolling());
    }

    /** The shared stage's scenarios in random order, while there is time. */
    private Stream<DynamicTest> rounds() {
        Random dice = new Random(SEED);
        return Stream.generate(() -> sharing().get(dice.nextInt(sharing().size())))
                .takeWhile(scenario -> timeIsLeft())
                .map(scenario -> DynamicTest.dynamicTest("again: " + scenario.sentence(), () -> play(scenario)));
    }

    private boolean timeIsLeft() {
        return System.nanoTime() - started < Duration.ofMinutes(minutes).toNanos();
    }

    private void play(Scenario scenario) {
        if (ONLY.isEmpty() && minutes <= SHORT_MINUTES && !timeIsLeft()) {
            LEDGER.add(Ledger.Entry.skipped(scenario.sentence(), "no time left"));
            throw new TestAbortedException("no time left; -Dchaos.minutes sets how long");
        }
        int number = ++played;
        Ledger.Entry entry = entry(scenario, "s" + number, SEED + number);
        LEDGER.add(entry);
        System.out.println("Chaos: " + entry);
        assertTrue(
                entry.failures().isEmpty(),
                () -> entry.failures() + "\nrepeat it with -Dchaos.seed=" + SEED + " -Dchaos.minutes=" + minutes);
    }

    /** What breaks off is a failure with its trace, and the run goes on with a new stage. */
    private static Ledger.Entry entry(Scenario scenario, String prefix, long seed) {
        try {
            if (scenario.needsItsOwnStage()) {
                try (Stage own = new Stage(scenario.servers().get(), scenario.stageSettings())) {
                    return own.play(scenario, prefix, seed);
                }
            }
            return sharedStage().play(scenario, prefix, seed);
        } catch (TestAbortedException skipped) {
            LEDGER.add(Ledger.Entry.skipped(scenario.sentence(), skipped.getMessage()));
            throw skipped;
        } catch (RuntimeException | AssertionError broken) {
            StringWriter trace = new StringWriter();
            broken.printStackTrace(new PrintWriter(trace));
            System.out.println(trace.toString().lines().limit(15).collect(Collectors.joining("\n")));
            dropSharedStage();
            return Ledger.Entry.failed(scenario.sentence(), broken);
        }
    }

    private static Stage sharedStage() {
        if (shared == null) {
            shared = new Stage(new RedisPair(), List.of());
            LEDGER.fact("PostgreSQL", shared.postgres().version() + ", fsync on");
            LEDGER.fact("Redis", shared.redis().version());
        }
        return shared;
    }

    /** What a scenario left that broke off is nothing that the next one can build on. */
    private static void dropSharedStage() {
        if (shared != null) {
            shared.close();
            shared = null;
        }
    }
}

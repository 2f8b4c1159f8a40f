package ai.hokus.registry.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.opentest4j.TestAbortedException;

/** One scenario while it is played: what it works with, and what it tells the ledger. */
final class Play {

    private static final Duration MAX_WAIT = Duration.ofSeconds(45);

    final Stage stage;
    final Load load;
    final Random dice;

    private final List<String> notes = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();
    private final List<RedisPair.State> fallbacks = new ArrayList<>();
    private final Set<String> takenByOperator = new HashSet<>();
    private boolean databaseRestored;
    private boolean mayComeAgain;
    private boolean operatorActed;
    private boolean purged;
    private long faultEnded;

    Play(Stage stage, Load load, Random dice) {
        this.stage = stage;
        this.load = load;
        this.dice = dice;
    }

    /** @throws TestAbortedException always: what cannot be played here is reported as skipped */
    void skip(String reason) {
        throw new TestAbortedException(reason);
    }

    void note(String note, Object... arguments) {
        notes.add(String.format(note, arguments));
    }

    /** What the scenario itself promises, beside the ledger. */
    void expect(boolean holds, String what, Object... arguments) {
        if (!holds) {
            complaints.add(String.format(what, arguments));
        }
    }

    /** The fault is over; from the last call on the time to recover counts. */
    void faultEnded() {
        faultEnded = System.nanoTime();
    }

    /** Redis went on with what is left of its state. */
    void redisFellBackTo(RedisPair.State state) {
        fallbacks.add(state);
    }

    /** An operator took these away: nobody is to send them again. */
    void takenByOperator(Set<String> modelIds) {
        takenByOperator.addAll(modelIds);
    }

    /** What was acknowledged after the backup is gone, and nobody can bring it back. */
    void databaseRestored() {
        databaseRestored = true;
    }

    /** A copy of the database sends too, or one database to two queues: whatever they hold can come again. */
    void mayComeAgain() {
        mayComeAgain = true;
    }

    /** An operator has paused something, resumed it, or released it: nothing of this may be left behind by any other scenario. */
    void operatorActed() {
        operatorActed = true;
    }

    /** Seconds until registrations that are acknowledged from now on are delivered. */
    double secondsUntilDelivered() {
        long start = System.nanoTime();
        Set<String> before = Set.copyOf(load.acknowledged());
        load.awaitMore(5, MAX_WAIT);
        Set<String> now = new HashSet<>(load.acknowledged());
        now.removeAll(before);
        Await.until(
                "what is registered now is delivered",
                MAX_WAIT,
                () -> now.stream().allMatch(stage.consumer()::has));
        return (System.nanoTime() - start) / 1e9;
    }

    /** Retention is so short that the database no longer tells every message's position. */
    void retentionIsShort() {
        purged = true;
    }

    /** A time between the two, by the seed. */
    Duration between(int fromMs, int toMs) {
        return Duration.ofMillis(fromMs + dice.nextInt(toMs - fromMs + 1));
    }

    ServiceInstance anyInstance() {
        List<ServiceInstance> instances = stage.fleet().instances();
        return instances.get(dice.nextInt(instances.size()));
    }

    List<String> notes() {
        return notes;
    }

    List<String> complaints() {
        return complaints;
    }

    List<RedisPair.State> fallbacks() {
        return fallbacks;
    }

    Set<String> taken() {
        return takenByOperator;
    }

    boolean isDatabaseRestored() {
        return databaseRestored;
    }

    boolean mayAnythingComeAgain() {
        return mayComeAgain;
    }

    boolean hasOperatorActed() {
        return operatorActed;
    }

    boolean isPurged() {
        return purged;
    }

    long faultEndedAt() {
        return faultEnded;
    }
}

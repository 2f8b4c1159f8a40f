package ai.hokus.registry.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.JdbcTemplate;

/** What can happen to an instance of the service. */
final class InstanceScenarios {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private static final Duration CLOCKS_TOLERANCE = Duration.ofMinutes(1);
    private static final Pattern TIMESTAMP = Pattern.compile("\"timestamp\":\"([^\"]+)\"");
    private static final String DELIVERED = "registry_relay_delivered_messages_total";
    private static final String ACCEPTED = "registry_registrations_accepted_registrations_total";

    /** The steps of a pass, as one sees them on the wire; requests are PostgreSQL's unless they are appends. */
    private enum Step {
        LOOK(true, Trap.Side.REQUEST, "EVAL"),
        LOCK(false, Trap.Side.REQUEST, "shedlock"),
        CLAIM_BEGINS(false, Trap.Side.REQUEST, "histories, foreign_checkpoint, diverged_at"),
        DELIVERY_RECORDED(false, Trap.Side.REQUEST, "INSERT INTO outbox_delivery"),
        BATCH_WRITTEN(false, Trap.Side.REQUEST, "INSERT INTO outbox_batch"),
        CLAIM_COMMITS(false, Trap.Side.REQUEST, "INSERT INTO outbox_batch", "COMMIT"),
        CLAIM_COMMITTED(false, Trap.Side.ANSWER, "INSERT INTO outbox_batch", "COMMIT"),
        APPEND(true, Trap.Side.REQUEST, "{\"message_id\":\""),
        APPENDED(true, Trap.Side.ANSWER, "{\"message_id\":\"", "APPENDED");

        private final boolean atRedis;
        private final Trap.Side side;
        private final List<String> texts;

        Step(boolean atRedis, Trap.Side side, String... texts) {
            this.atRedis = atRedis;
            this.side = side;
            this.texts = List.of(texts);
        }
    }

    private InstanceScenarios() {}

    static Scenario killedAtSomeStepsOfAPass() {
        return Scenario.of("an instance is killed at three steps of a pass", play -> {
            List<Step> steps = new ArrayList<>(List.of(Step.BATCH_WRITTEN, Step.CLAIM_COMMITTED, Step.APPENDED));
            killAt(play, steps, false);
        });
    }

    static Scenario killedAtEachStepOfAPass() {
        return Scenario.of(
                "an instance is killed at each step of a pass", play -> killAt(play, List.of(Step.values()), true));
    }

    /**
     * What was under way at the kill goes on to the server or does not, by the dice.
     *
     * @param awaitLocks whether the others wait until the lock of whoever was killed is over; else its row is deleted
     */
    private static void killAt(Play play, List<Step> steps, boolean awaitLocks) {
        ServiceFleet fleet = play.stage.fleet();
        for (Step step : steps) {
            fleet.awaitServing();
            Trap.Verdict verdict = play.dice.nextBoolean() ? Trap.Verdict.PASS : Trap.Verdict.CUT;
            Trap trap = new Trap(1, step.side, step.texts, name -> {
                fleet.named(name).kill();
                return verdict;
            });
            lay(fleet, step.atRedis, trap);
            if (!trap.sprung(30)) {
                throw new AssertionError("no instance came to " + step);
            }
            lay(fleet, step.atRedis, null);
            if (!awaitLocks) {
                play.stage.postgres().jdbc().update("DELETE FROM shedlock");
            }
            play.faultEnded();
            relaunchDead(fleet);
        }
        play.note("killed at %s", steps);
    }

    private static void lay(ServiceFleet fleet, boolean atRedis, Trap trap) {
        if (atRedis) {
            fleet.layAtRedis(trap);
        } else {
            fleet.layAtPostgres(trap);
        }
    }

    private static void relaunchDead(ServiceFleet fleet) {
        for (ServiceInstance instance : fleet.instances()) {
            if (!instance.isAlive()) {
                instance.launch(Map.of());
            }
        }
    }

    static Scenario killedAtRandom() {
        return Scenario.of("instances are killed again and again at random times", play -> {
            int kills = 8;
            for (int n = 0; n < kills; n++) {
                Await.hold(play.between(0, 1500));
                ServiceInstance victim = play.anyInstance();
                if (victim.isAlive()) {
                    victim.kill();
                }
                victim.launch(Map.of());
            }
            play.note("%d kills", kills);
        });
    }

    /** Its append is on its way for longer than its lock lasts: it must come to nothing. */
    static Scenario frozenForLongerThanItsLock() {
        return Scenario.of("an instance freezes before its append, for longer than its lock lasts", play -> {
            long start = System.nanoTime();
            whileAnAppendIsOnItsWay(play, () -> {
                play.note("the others deliver after %.1f s", play.secondsUntilDelivered());
                Await.until(
                        "its lock is over",
                        TIMEOUT,
                        () -> secondsSince(start) > ServiceFleet.LOCK_AT_MOST_FOR_SECONDS + 2);
            });
            play.faultEnded();
        });
    }

    /**
     * An operator pauses while an append is on its way. The lock's row is deleted, since waiting for its end is another scenario's
     * matter. Once the pause is fenced, nothing comes, whenever the append arrives.
     */
    static Scenario pausedWhileAnAppendIsOnItsWay() {
        return Scenario.of("a partition is paused while the relay is frozen inside an append", play -> {
            JdbcTemplate database = play.stage.postgres().jdbc();
            AtomicInteger popped = new AtomicInteger();
            play.operatorActed();
            whileAnAppendIsOnItsWay(play, () -> {
                long start = System.nanoTime();
                database.update("UPDATE outbox_partition SET paused = TRUE, halt_id = DEFAULT");
                database.update("DELETE FROM shedlock");
                Await.until(
                        "another instance has fenced the pause",
                        TIMEOUT,
                        () -> database.queryForObject(
                                "SELECT bool_and(fenced_halt_id = halt_id) FROM outbox_partition", Boolean.class));
                play.note("fenced after %.1f s", secondsSince(start));
                Await.until("the queue is empty", TIMEOUT, () -> play.stage.depth() == 0);
                popped.set(play.stage.consumer().popped().size());
            });
            play.load.awaitMore(20, TIMEOUT);
            Await.hold(Duration.ofSeconds(3));
            int more = play.stage.consumer().popped().size() - popped.get();
            play.expect(more == 0 && play.stage.depth() == 0, "%d messages came while the partition was paused", more);
            database.update("UPDATE outbox_partition SET paused = FALSE");
            play.faultEnded();
            play.note("resumed: delivers after %.1f s", play.secondsUntilDelivered());
        });
    }

    /** Freezes the instance whose append comes next, holds that on its way to Redis, and lets both go on afterwards. */
    private static void whileAnAppendIsOnItsWay(Play play, Runnable act) {
        ServiceFleet fleet = play.stage.fleet();
        AtomicReference<ServiceInstance> frozen = new AtomicReference<>();
        CountDownLatch thawed = new CountDownLatch(1);
        Trap trap = new Trap(1, Trap.Side.REQUEST, Step.APPEND.texts, name -> {
            frozen.set(fleet.named(name));
            frozen.get().freeze();
            await(thawed);
            return Trap.Verdict.PASS;
        });
        fleet.layAtRedis(trap);
        Await.until(
                "an instance is about to append",
                TIMEOUT,
                () -> frozen.get() != null && frozen.get().isFrozen());
        fleet.layAtRedis(null);
        try {
            act.run();
        } finally {
            frozen.get().thaw();
            thawed.countDown();
        }
    }

    static Scenario frozenInsideItsClaim() {
        return Scenario.of("an instance freezes inside its claim", play -> {
            double seconds = freezeAt(play, Step.BATCH_WRITTEN.texts, play::secondsUntilDelivered);
            play.note("the others deliver after %.1f s", seconds);
            play.expect(
                    seconds < ServiceFleet.LOCK_AT_MOST_FOR_SECONDS + 6,
                    "the others took %.1f s, longer than the lock of %d s lasts",
                    seconds,
                    ServiceFleet.LOCK_AT_MOST_FOR_SECONDS);
        });
    }

    static Scenario frozenInsideARegistration() {
        return Scenario.of("an instance freezes inside a registration", play -> {
            double seconds = freezeAt(play, List.of("INSERT INTO registration"), () -> {
                Set<String> open = new HashSet<>(play.load.sent());
                open.removeAll(play.load.acknowledged());
                Await.until(
                        "registrations under way are acknowledged by others",
                        TIMEOUT,
                        () -> play.load.acknowledged().containsAll(open));
            });
            play.note("every registration under way is acknowledged after %.1f s", seconds);
            play.expect(seconds < 15, "the registrations of its model took %.1f s", seconds);
        });
    }

    /** Returns how long it took, in seconds. */
    private static double freezeAt(Play play, List<String> texts, Runnable others) {
        ServiceFleet fleet = play.stage.fleet();
        AtomicReference<ServiceInstance> frozen = new AtomicReference<>();
        Trap trap = new Trap(1, Trap.Side.REQUEST, texts, name -> {
            frozen.set(fleet.named(name));
            frozen.get().freeze();
            return Trap.Verdict.PASS;
        });
        fleet.layAtPostgres(trap);
        if (!trap.sprung(30)) {
            throw new AssertionError("no instance came to " + texts);
        }
        fleet.layAtPostgres(null);
        long start = System.nanoTime();
        try {
            others.run();
            return secondsSince(start);
        } finally {
            frozen.get().thaw();
            play.faultEnded();
        }
    }

    /**
     * A lock by its clock would keep the others out, or let them in: every instance has to deliver. It jumps while it leaves
     * Redis alone: a wait by its clock would last for hours.
     */
    static Scenario clockShifted() {
        return Scenario.of("one instance's clock is two hours ahead, then two hours behind", play -> {
            Optional<ShiftableClock> found = ShiftableClock.find();
            if (found.isEmpty()) {
                play.skip("libfaketime is not installed (Debian: apt-get install libfaketime)");
            }
            ServiceInstance shifted = play.anyInstance();
            try (ShiftableClock clock = found.orElseThrow()) {
                shifted.kill();
                shifted.launch(clock.environment());
                shifted.awaitServing();
                for (Duration by : List.of(Duration.ofHours(2), Duration.ofHours(-2), Duration.ZERO)) {
                    jump(play, shifted, clock, by);
                }
                play.faultEnded();
                // Asked to stop and not killed: the library leaves files in /dev/shm when it is.
                play.expect(shifted.terminate(), "%s did not stop when it was asked to", shifted.name());
            }
        });
    }

    private static void jump(Play play, ServiceInstance shifted, ShiftableClock clock, Duration by) {
        ServiceFleet fleet = play.stage.fleet();
        fleet.redisDown();
        Await.until("it leaves Redis alone", TIMEOUT, () -> shifted.meter("registry_breaker_state") == 2);
        // It tries ever more rarely, and the clock is to jump between two tries.
        Await.hold(play.between(2000, 3000));
        clock.shift(by);
        Await.until(
                "its clock is shifted by " + by,
                TIMEOUT,
                () -> ahead(shifted).minus(by).abs().compareTo(CLOCKS_TOLERANCE) < 0);
        play.expect(isReady(shifted), "the jump to %s makes it not ready", by);
        play.note("%+.3f h", ahead(shifted).toMillis() / 3.6e6);
        fleet.redisAt(play.stage.redis().primary().port());
        for (ServiceInstance instance : fleet.instances()) {
            double delivered = instance.meter(DELIVERED);
            double accepted = instance.meter(ACCEPTED);
            Await.until(
                    instance.name() + " accepts and delivers; the clock of " + shifted.name() + " is shifted by " + by,
                    TIMEOUT,
                    () -> instance.meter(DELIVERED) > delivered && instance.meter(ACCEPTED) > accepted);
        }
        play.secondsUntilDelivered();
        Duration atTheEnd = ahead(shifted);
        play.expect(atTheEnd.minus(by).abs().compareTo(CLOCKS_TOLERANCE) < 0, "the clock is %s away", atTheEnd);
    }

    private static boolean isReady(ServiceInstance instance) {
        try {
            return instance.get("/ready").statusCode() == 200;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By how much its clock is ahead of this machine's; a slow answer makes it appear behind. */
    private static Duration ahead(ServiceInstance instance) {
        String health = instance.text("/health");
        Matcher timestamp = TIMESTAMP.matcher(health);
        if (!timestamp.find()) {
            throw new AssertionError(health);
        }
        return Duration.between(Instant.now(), Instant.parse(timestamp.group(1)));
    }

    private static double secondsSince(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

package ai.hokus.registry.chaos;

import ai.hokus.registry.support.RedisConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What can happen to Redis, and what Redis can forget. */
final class RedisScenarios {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Long enough for a busy machine to find within it what Redis forgot. */
    private static final Duration RETENTION = Duration.ofSeconds(15);

    private static final String[] SHORT_RETENTION = {
        "--registry.retention.period=" + RETENTION.toSeconds() + "s", "--registry.retention.interval=200ms"
    };

    private RedisScenarios() {}

    static Scenario killed() {
        return Scenario.of("Redis is killed three times, and has everything on disk", play -> {
            for (int n = 0; n < 3; n++) {
                play.stage.redis().primary().kill();
                play.load.awaitMore(20, TIMEOUT);
                play.stage.redis().primary().restart();
                play.faultEnded();
                Await.hold(play.between(100, 1000));
            }
        });
    }

    static Scenario killedWithNothingOnDisk() {
        return Scenario.of("Redis is killed, and has nothing on disk", play -> {
            // Else it would get everything back from its replica, which is another scenario.
            play.stage.redis().pauseReplication();
            play.stage.redis().forgetDisk();
            play.stage.redis().primary().kill();
            play.redisFellBackTo(RedisPair.State.EMPTY);
            play.load.awaitMore(20, TIMEOUT);
            play.stage.redis().primary().restart();
            play.faultEnded();
        });
    }

    static Scenario hung() {
        return Scenario.of("Redis hangs for four seconds", play -> {
            play.stage.redis().primary().freeze();
            long start = System.nanoTime();
            try {
                play.load.awaitMore(50, Duration.ofSeconds(10));
                long slowest = 0;
                while (System.nanoTime() - start < Duration.ofSeconds(4).toNanos()) {
                    for (ServiceInstance instance : play.stage.fleet().instances()) {
                        slowest = Math.max(slowest, healthMs(play, instance));
                    }
                    Await.hold(Duration.ofMillis(100));
                }
                play.note("registrations go on; slowest health answer %d ms", slowest);
                play.expect(slowest < 1000, "a health answer took %d ms", slowest);
            } finally {
                play.stage.redis().primary().resume();
                play.faultEnded();
            }
        });
    }

    private static long healthMs(Play play, ServiceInstance instance) {
        long start = System.nanoTime();
        try {
            int status = instance.get("/health").statusCode();
            play.expect(status == 200, "health answers %d while Redis hangs", status);
        } catch (IOException e) {
            play.expect(false, "health: %s", e);
        }
        return (System.nanoTime() - start) / 1_000_000;
    }

    /** The replies of appends that took effect. */
    static Scenario answersLost() {
        return Scenario.of("twelve connections to Redis break when the answer to an append is on its way", play -> {
            Trap trap =
                    new Trap(12, Trap.Side.ANSWER, List.of("{\"message_id\":\"", "APPENDED"), name -> Trap.Verdict.CUT);
            play.stage.fleet().layAtRedis(trap);
            play.expect(trap.sprung(60), "not twelve appends");
            play.stage.fleet().layAtRedis(null);
            play.faultEnded();
        });
    }

    static Scenario failover() {
        return Scenario.of("Redis fails over to a replica that had not received the last writes", play -> {
            RedisPair redis = play.stage.redis();
            redis.pauseReplication();
            play.load.awaitMore(60 + play.dice.nextInt(60), TIMEOUT);
            // Half of what the replica lacks has been consumed, half is still in the queue.
            play.stage.consumer().pause();
            play.load.awaitMore(60, TIMEOUT);
            Await.until(
                    "the primary has taken what the replica does not know",
                    TIMEOUT,
                    () -> (Long) redis.run("LLEN", RedisPair.QUEUE) > 20);
            RedisPair.State state = redis.failOver(play.stage.fleet());
            play.redisFellBackTo(state);
            play.faultEnded();
            play.stage.consumer().resume();
            play.note(
                    "it knew positions up to %d, and %d elements",
                    state.newest(), state.messages().size());
        });
    }

    static Scenario flushed() {
        return Scenario.of("Redis is emptied (FLUSHALL)", play -> {
            play.redisFellBackTo(RedisPair.State.EMPTY);
            play.stage.redis().run("FLUSHALL");
            play.faultEnded();
        });
    }

    static Scenario queueDeleted() {
        return Scenario.of("an operator deletes the queue's key: nothing of it is sent again", play -> {
            play.stage.consumer().pause();
            play.load.awaitMore(60, TIMEOUT);
            Await.until(
                    "the queue has something to delete",
                    TIMEOUT,
                    () -> (Long) play.stage.redis().run("LLEN", RedisPair.QUEUE) > 30);
            Set<String> deleted = new HashSet<>();
            try (RedisConnection redis = play.stage.redis().primary().connect()) {
                redis.command("RENAME", RedisPair.QUEUE, "deleted");
                redis.texts("LRANGE", "deleted", "0", "-1")
                        .forEach(element -> deleted.add(Consumer.read(element).modelId()));
                redis.command("DEL", "deleted");
            }
            play.takenByOperator(deleted);
            play.faultEnded();
            play.stage.consumer().resume();
            play.load.awaitMore(50, TIMEOUT);
            Await.until(
                    "what came later is delivered",
                    TIMEOUT,
                    () -> play.load.acknowledged().stream()
                            .filter(id -> !deleted.contains(id))
                            .allMatch(play.stage.consumer()::has));
            long back = deleted.stream().filter(play.stage.consumer()::has).count();
            play.expect(back == 0, "%d of the deleted messages were sent again", back);
            play.note("%d deleted", deleted.size());
        });
    }

    /** What waits in the outage is older than retention when it is delivered, and is lost again right after. */
    static Scenario outageLongerThanRetention() {
        return Scenario.onItsOwnStage(
                "an outage longer than retention, then Redis falls back to before it",
                play -> {
                    play.retentionIsShort();
                    RedisPair redis = play.stage.redis();
                    play.stage.consumer().pause();
                    play.stage.fleet().redisDown();
                    RedisPair.State before = redis.awaitReplicated();
                    redis.pauseReplication();
                    long start = System.nanoTime();
                    Await.until(
                            "the outage is longer than retention",
                            TIMEOUT,
                            () -> System.nanoTime() - start
                                    > RETENTION.plusSeconds(2).toNanos());
                    play.stage.fleet().redisAt(redis.primary().port());
                    long depth = (Long) redis.run("LLEN", RedisPair.QUEUE);
                    Await.until(
                            "some of what waited is delivered",
                            TIMEOUT,
                            () -> (Long) redis.run("LLEN", RedisPair.QUEUE) > depth + 50);
                    RedisPair.State state = redis.failOver(play.stage.fleet());
                    play.redisFellBackTo(state);
                    play.faultEnded();
                    play.stage.consumer().resume();
                    play.note(
                            "retention %d s; checkpoint %d before the outage, %d after",
                            RETENTION.toSeconds(), before.newest(), state.newest());
                },
                SHORT_RETENTION);
    }

    /** What was delivered right before the outage is older than retention at its end, and then turns out to be lost. */
    static Scenario outageEndsWithAFailover() {
        return Scenario.onItsOwnStage(
                "an outage longer than retention ends with a failover that loses what was delivered right before it",
                play -> {
                    play.retentionIsShort();
                    RedisPair redis = play.stage.redis();
                    play.stage.consumer().pause();
                    redis.awaitReplicated();
                    redis.pauseReplication();
                    long depth = (Long) redis.run("LLEN", RedisPair.QUEUE);
                    Await.until(
                            "the primary has what the replica lacks",
                            TIMEOUT,
                            () -> (Long) redis.run("LLEN", RedisPair.QUEUE) > depth + 50);
                    play.stage.fleet().redisDown();
                    Await.hold(RETENTION.plusSeconds(4));
                    RedisPair.State state = redis.failOver(play.stage.fleet());
                    play.redisFellBackTo(state);
                    play.faultEnded();
                    play.stage.consumer().resume();
                    play.note("retention %d s; it knew positions up to %d", RETENTION.toSeconds(), state.newest());
                },
                SHORT_RETENTION);
    }
}

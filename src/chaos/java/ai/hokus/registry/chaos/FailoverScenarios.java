package ai.hokus.registry.chaos;

import java.time.Duration;
import java.util.List;

/** Failovers as they are run in production: by Sentinels, inside a cluster, and by a name that moves. Nothing is lost. */
final class FailoverScenarios {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Some passes of the relay: what it does while it cannot reach the new primary yet is part of the scenario. */
    private static final int WHILE_IT_LASTS = 40;

    private FailoverScenarios() {}

    static Scenario bySentinels() {
        return Scenario.onItsOwnRedis(
                "Sentinels fail over: the primary and one Sentinel are killed", RedisSentinels::new, play -> {
                    RedisSentinels redis = play.stage.redis(RedisSentinels.class);
                    play.stage.consumer().pause();
                    redis.settle();
                    redis.killASentinel();
                    redis.primary().kill();
                    play.load.awaitMore(WHILE_IT_LASTS, TIMEOUT);
                    redis.awaitFailover();
                    play.stage.consumer().resume();
                    play.note("delivery went on %.1f s after the Sentinels had agreed", deliveredAgain(play));
                    // For a while it takes itself for the primary.
                    redis.heal();
                    play.faultEnded();
                });
    }

    static Scenario inACluster() {
        return Scenario.onItsOwnRedis(
                "in a cluster the queue's node is killed, then its slot moves to another node",
                RedisCluster::new,
                play -> {
                    RedisCluster redis = play.stage.redis(RedisCluster.class);
                    play.stage.consumer().pause();
                    RedisReplication.settle(redis.primary(), redis.replica());
                    redis.killOwner();
                    play.load.awaitMore(WHILE_IT_LASTS, TIMEOUT);
                    redis.awaitFailover();
                    play.stage.consumer().resume();
                    play.note(
                            "after the kill delivery went on %.1f s after the cluster had agreed",
                            deliveredAgain(play));

                    redis.moveSlot();
                    play.faultEnded();
                    play.note("%.1f s after the slot had moved", deliveredAgain(play));
                });
    }

    static Scenario byName() {
        return Scenario.onItsOwnRedis(
                "the name of the primary moves; the old one is a read-only replica, then hung, then gone",
                RedisByName::new,
                play -> {
                    RedisByName redis = play.stage.redis(RedisByName.class);

                    play.stage.consumer().pause();
                    redis.settle();
                    redis.failOver();
                    redis.demoteOther();
                    play.stage.consumer().resume();
                    play.note("read-only: delivery went on after %.1f s", deliveredAgain(play));
                    redis.heal();

                    moved(play, redis, "hung", redis.primary()::freeze);
                    // It would take itself for the primary when it wakes up.
                    redis.killOther();
                    redis.heal();

                    moved(play, redis, "gone", redis.primary()::kill);
                    play.faultEnded();
                });
    }

    private static void moved(Play play, RedisByName redis, String how, Runnable fault) {
        play.stage.consumer().pause();
        redis.settle();
        fault.run();
        play.load.awaitMore(WHILE_IT_LASTS, TIMEOUT);
        redis.failOver();
        play.stage.consumer().resume();
        play.note("%s: after %.1f s", how, deliveredAgain(play));
    }

    /** Seconds until all that is acknowledged by now has been popped. */
    private static double deliveredAgain(Play play) {
        long start = System.nanoTime();
        List<String> owed = play.load.acknowledged();
        Await.until(
                "what was acknowledged is popped", TIMEOUT, () -> owed.stream().allMatch(play.stage.consumer()::has));
        return (System.nanoTime() - start) / 1e9;
    }
}

package ai.hokus.registry.chaos;

import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What scenarios play on: PostgreSQL, two Redis, three instances of the service, and a consumer. */
final class Stage implements AutoCloseable {

    private static final int INSTANCES = 3;
    private static final int REGISTRATIONS_BEFORE_AND_AFTER = 40;
    private static final Duration RECOVERY_TIMEOUT = Duration.ofSeconds(180);
    private static final Duration CLIENTS_PAUSE = Duration.ofMillis(8);
    private static final String REWINDS_COUNTED = "registry_relay_rewinds_total";
    /** Some ten passes of a relay, in which a message that comes twice would come. */
    private static final Duration QUIET = Duration.ofSeconds(1);

    private final PostgresCluster postgres = PostgresCluster.start();
    private final RedisServers redis;
    private final ServiceFleet fleet;
    private final Consumer consumer;

    /**
     * @param servers the stage closes them
     * @param settings of the service's instances, beside the usual
     */
    Stage(RedisServers servers, List<String> settings) {
        redis = servers;
        consumer = new Consumer(redis::primary, redis.queue());
        fleet = new ServiceFleet(postgres.port(), redis, settings);
        // The first migrates the database alone: it is the others' start that is tested, not Flyway's lock.
        fleet.add().awaitServing();
        for (int n = 1; n < INSTANCES; n++) {
            fleet.add();
        }
        fleet.awaitServing();
    }

    PostgresCluster postgres() {
        return postgres;
    }

    /** Where Redis is a primary and its replica behind a stable address. */
    RedisPair redis() {
        return redis(RedisPair.class);
    }

    <T extends RedisServers> T redis(Class<T> kind) {
        return kind.cast(redis);
    }

    ServiceFleet fleet() {
        return fleet;
    }

    Consumer consumer() {
        return consumer;
    }

    /** A Redis that was emptied gets everything again that this stage has ever delivered, at 200 a second where there is little to spare. */
    private Duration recoveryTimeout() {
        return RECOVERY_TIMEOUT.plusMillis(5L * consumer.popped().size());
    }

    /**
     * Plays one scenario under load, heals, waits until the backlog has drained, and judges.
     *
     * @param prefix of the models' names; no other scenario on this stage has it
     */
    Ledger.Entry play(Scenario scenario, String prefix, long seed) {
        int before = consumer.popped().size();
        long warned = fleet.warned(Ledger.REWIND_LOGGED);
        long rewinds = rewinds();
        Map<String, Double> counted = fleet.meters(REWINDS_COUNTED);
        try (Load load = new Load(prefix, fleet::instances, CLIENTS_PAUSE, 100, true, seed)) {
            load.start();
            load.awaitMore(REGISTRATIONS_BEFORE_AND_AFTER, RECOVERY_TIMEOUT);
            Play play = new Play(this, load, new Random(seed));
            scenario.act().play(play);
            if (play.faultEndedAt() == 0) {
                play.faultEnded();
            }
            List<String> owed = load.acknowledged();
            heal();
            Await.until(
                    "what was acknowledged before the fault's end is popped",
                    recoveryTimeout(),
                    () -> owed.stream()
                            .filter(id -> !play.taken().contains(id) && !play.isDatabaseRestored())
                            .allMatch(consumer::has));
            Duration recovered = Duration.ofNanos(System.nanoTime() - play.faultEndedAt());
            load.awaitMore(REGISTRATIONS_BEFORE_AND_AFTER, RECOVERY_TIMEOUT);
            load.stop();
            awaitDrained();
            return Ledger.judge(
                    scenario.sentence(),
                    play,
                    consumer.popped().subList(before, consumer.popped().size()),
                    recovered,
                    new Ledger.Rewinds(
                            rewinds() - (play.isDatabaseRestored() ? 0 : rewinds),
                            fleet.warned(Ledger.REWIND_LOGGED) > warned,
                            fleet.meters(REWINDS_COUNTED).entrySet().stream()
                                    .anyMatch(now -> now.getValue() > counted.getOrDefault(now.getKey(), 0.0))));
        }
    }

    /** Everything runs and is connected, and the instances serve. */
    void heal() {
        redis.heal();
        fleet.redisAt(redis.primary().port());
        consumer.resume();
        fleet.heal();
    }

    void awaitDrained() {
        Await.until(
                "nothing is pending, in the database and in the queue",
                recoveryTimeout(),
                () -> pending() == 0 && depth() == 0);
        Await.hold(QUIET);
        Await.until("nothing has come after all", RECOVERY_TIMEOUT, () -> pending() == 0 && depth() == 0);
    }

    long pending() {
        return postgres.jdbc().queryForObject("SELECT sum(pending) FROM outbox_status", Long.class);
    }

    /** Elements in the queue and at the consumer. */
    long depth() {
        TestRedis primary = redis.primary();
        return (Long) primary.run("LLEN", redis.queue()) + (Long) primary.run("LLEN", redis.queue() + ":processing");
    }

    /** Partitions that only an operator sets going again. */
    int haltedPartitions() {
        return postgres.jdbc()
                .queryForObject(
                        "SELECT count(*) FROM outbox_partition WHERE paused OR stopped_at IS NOT NULL", Integer.class);
    }

    long rewinds() {
        return rewinds(postgres);
    }

    /** On record in this database. */
    static long rewinds(PostgresCluster postgres) {
        return postgres.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Long.class);
    }

    @Override
    public void close() {
        fleet.close();
        consumer.close();
        redis.close();
        postgres.close();
    }
}

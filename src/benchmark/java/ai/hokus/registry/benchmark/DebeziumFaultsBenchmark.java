package ai.hokus.registry.benchmark;

import ai.hokus.registry.benchmark.RedisFaults.Candidate;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.relay.OwnOutbox;
import ai.hokus.registry.support.TestRedis;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What the same failures of one Redis do to this project's queue and to Debezium Server's stream, both written to at the same
 * time; and what Debezium's replication slot keeps of the write-ahead log meanwhile.
 */
@EnabledIfSystemProperty(
        named = "debezium.home",
        matches = ".+",
        disabledReason = "needs -Ddebezium.home=...: docs/performance.md")
class DebeziumFaultsBenchmark {

    private static final String QUEUE = "faults";

    @Test
    void faults() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                PostgresCluster logical = PostgresCluster.start("wal_level=logical");
                TestRedis redis = TestRedis.start(RedisFaults.SETTINGS);
                DebeziumOutbox debezium = new DebeziumOutbox(logical, redis);
                DeliveringOutbox own = OwnOutbox.open(postgres, redis, QUEUE)) {
            own.startDelivering();
            RedisFaults faults = new RedisFaults();
            long logBefore = debezium.retainedLog();
            AtomicLong logAtTheEnd = new AtomicLong();
            faults.play(
                    redis,
                    List.of(
                            Candidate.of(own, redis, QUEUE),
                            new Candidate(
                                    "Debezium Server",
                                    true,
                                    debezium::publish,
                                    DebeziumOutbox.STREAM,
                                    debezium::delivered,
                                    () -> faults.hasLast(debezium.delivered()))),
                    () -> logAtTheEnd.set(debezium.retainedLog()));
            PerformanceDocument.write("debezium-faults", """
                    %s
                    %s
                    Both outboxes at the same time, Debezium's PostgreSQL with `wal_level=logical`. %s Debezium Server %s ended by \
                    itself %d times; where it does, it is started again. %s
                    """.formatted(
                            faults.table(),
                            retained(logBefore, logAtTheEnd.get()),
                            RedisFaults.settings(),
                            DebeziumServer.version(),
                            debezium.server().restarts(),
                            PerformanceDocument.machine(logical.version())));
        }
    }

    private static String retained(long before, long atTheEnd) {
        return """
                | of the write-ahead log, Debezium's slot keeps | MiB |
                |---|---|
                | before the outage | %.1f |
                | at its end, after %d s at %d messages a second | %.1f |
                """.formatted(mebibytes(before), RedisFaults.OUTAGE_S, RedisFaults.PER_SECOND, mebibytes(atTheEnd));
    }

    private static double mebibytes(long bytes) {
        return bytes / 1024.0 / 1024.0;
    }
}

package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.relay.OwnOutbox;
import ai.hokus.registry.support.TestRedis;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * How fast this project's outbox and Debezium Server's empty a backlog, and how long a single message takes, without HTTP and
 * the rest of the service. Each has a PostgreSQL server of its own; Debezium's has logical decoding.
 */
@EnabledIfSystemProperty(
        named = "debezium.home",
        matches = ".+",
        disabledReason = "needs -Ddebezium.home=...: docs/performance.md")
class DebeziumBenchmark {

    /** PostgreSQL would give up on a server that stands still while the other outbox is measured. */
    private static final String[] LOGICAL = {"wal_level=logical", "wal_sender_timeout=0"};

    private static final int MESSAGES = Integer.getInteger("benchmark.messages", 300_000);
    private static final int ROUNDS = Scale.rounds(5);

    /** As many as it took until neither became faster, in runs of twelve. */
    private static final int WARM_UP_ROUNDS = 6;

    /** Of each measurement of latency, for what starts with the outbox. */
    private static final Duration WARM_UP = Scale.seconds(3);

    private static final Duration MEASURED = Scale.seconds(8);

    private static final class Figures {
        final Spread rate = new Spread();
        final Spread median = new Spread();
        final Spread p99 = new Spread();

        void addRate(int messages, Duration took) {
            rate.add(messages / (took.toNanos() / 1e9));
        }

        void add(CommitLatency latency) {
            median.add(latency.median());
            p99.add(latency.p99());
        }
    }

    private final Figures own = new Figures();
    private final Figures debezium = new Figures();

    @Test
    void speed() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                PostgresCluster logical = PostgresCluster.start(LOGICAL);
                TestRedis redis = TestRedis.start();
                DebeziumOutbox other = new DebeziumOutbox(logical, redis)) {
            try (DeliveringOutbox outbox = OwnOutbox.open(postgres, redis, "drain")) {
                drain(outbox, other, redis);
            }
            try (DeliveringOutbox outbox = OwnOutbox.open(postgres, redis, "latency")) {
                latency(outbox, other, redis);
            }
            report(logical.version());
        }
    }

    private void drain(DeliveringOutbox outbox, DebeziumOutbox other, TestRedis redis) throws Exception {
        for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
            outbox.fill(MESSAGES);
            awaitWrites();
            Duration took = outbox.drain();
            redis.run("FLUSHALL");
            other.fill(MESSAGES);
            awaitWrites();
            Duration otherTook = other.drain(MESSAGES);
            redis.run("FLUSHALL");
            if (round >= 0) {
                own.addRate(MESSAGES, took);
                debezium.addRate(MESSAGES - 1, otherTook); // the first one begins it
            }
        }
    }

    /** What filling left to be written to disk would slow down the commits that are measured. */
    private static void awaitWrites() throws Exception {
        new ProcessBuilder("sync").start().waitFor();
    }

    /** The first round warms up. */
    private void latency(DeliveringOutbox outbox, DebeziumOutbox other, TestRedis redis) throws Exception {
        int warmUp = (int) WARM_UP.toSeconds();
        int seconds = (int) MEASURED.toSeconds();
        outbox.startDelivering();
        for (int round = -1; round < ROUNDS; round++) {
            CommitLatency latency = CommitLatency.measure(
                    outbox::publish, () -> CommitLatency.popping(redis, "latency"), warmUp, seconds);
            other.server().resume();
            CommitLatency others = CommitLatency.measure(other::publish, other::reading, warmUp, seconds);
            other.server().freeze();
            redis.run("DEL", DebeziumOutbox.STREAM);
            if (round >= 0) {
                own.add(latency);
                debezium.add(others);
            }
        }
    }

    private void report(String version) {
        PerformanceDocument.write("debezium", """
                | | this project | Debezium Server %s | this project by it |
                |---|---|---|---|
                | %,d pending messages of 650 bytes, 1,000 models: messages a second | %s |
                | %d messages a second, from commit to queue: p50, ms | %s |
                | p99, ms | %s |

                The backlog: %d rounds after %d that warm up; Debezium from its first to its last stream entry, each message written \
                in a transaction of its own. From commit to queue: %d rounds of %d s after one that warms up, the first %d s of each \
                not counted, until a consumer's BRPOP or `XREAD BLOCK` returns. In turn, Debezium standing still while this project is \
                measured, its PostgreSQL with `wal_level=logical`; median (least to most). %s
                """.formatted(
                        DebeziumServer.version(),
                        MESSAGES,
                        row(own.rate, debezium.rate, "%,.0f"),
                        CommitLatency.PER_SECOND,
                        row(own.median, debezium.median, "%.1f"),
                        row(own.p99, debezium.p99, "%.1f"),
                        ROUNDS,
                        WARM_UP_ROUNDS,
                        ROUNDS,
                        MEASURED.toSeconds(),
                        WARM_UP.toSeconds(),
                        PerformanceDocument.machine(version)));
    }

    private static String row(Spread own, Spread other, String format) {
        return own.text(format) + " | " + other.text(format) + " | "
                + own.per(other).text("%.2f");
    }
}

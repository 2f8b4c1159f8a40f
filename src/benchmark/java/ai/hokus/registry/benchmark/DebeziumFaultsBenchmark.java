package ai.hokus.registry.benchmark;

import ai.hokus.registry.benchmark.NumberedMessages.Delivered;
import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.relay.OwnOutbox;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.TestRedis;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * What the same failures of one Redis do to this project's queue and to Debezium Server's stream, both written to at the same
 * time and consumed by nobody; and what Debezium's replication slot keeps of the write-ahead log meanwhile.
 */
@EnabledIfSystemProperty(
        named = "debezium.home",
        matches = ".+",
        disabledReason = "needs -Ddebezium.home=...: docs/performance.md")
class DebeziumFaultsBenchmark {

    private static final String QUEUE = "faults";
    private static final int PER_SECOND = 200;
    private static final int PER_SECOND_UNDER_LOAD = 1000;
    private static final int KILLS = 5;
    private static final int OUTAGE_S = (int) Scale.seconds(30).toSeconds();
    private static final int PHASE_S = (int) Scale.seconds(3).toSeconds();

    /** Debezium tries again within 10 s. */
    private static final Duration LONGEST_DELIVERY = Duration.ofSeconds(60);

    /** In which an outbox that has something to send again does so: two of the relay's passes. */
    private static final Duration QUIET = Duration.ofSeconds(3);

    private final StringBuilder rows = new StringBuilder();
    private TestRedis redis;
    private DeliveringOutbox own;
    private DebeziumOutbox debezium;

    /** Of the fault being played, by each outbox. */
    private int published;

    @Test
    void faults() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                PostgresCluster logical = PostgresCluster.start("wal_level=logical");
                TestRedis server = TestRedis.start("appendonly yes", "appendfsync always");
                DebeziumOutbox other = new DebeziumOutbox(logical, server);
                DeliveringOutbox outbox = OwnOutbox.open(postgres, server, QUEUE)) {
            redis = server;
            own = outbox;
            debezium = other;
            own.startDelivering();
            String log = outage();
            killsUnderLoad();
            fallBack();
            report(log, logical.version());
        }
    }

    private void report(String log, String version) {
        PerformanceDocument.write("debezium-faults", """
                | Redis | outbox | published | lost | doubled | out of their model's order |
                |---|---|---|---|---|---|
                %s
                %s
                Both outboxes at the same time, Redis with appendfsync always, Debezium's PostgreSQL with wal_level=logical. Debezium \
                Server %s ended by itself %d times; where it does, it is started again. %s
                """.formatted(
                        rows,
                        log,
                        DebeziumServer.version(),
                        debezium.server().restarts(),
                        PerformanceDocument.machine(version)));
    }

    /** @return what the slot kept, as a table */
    private String outage() throws Exception {
        publish(PER_SECOND, PHASE_S);
        long before = debezium.retainedLog();
        redis.kill();
        publish(PER_SECOND, OUTAGE_S);
        long during = debezium.retainedLog();
        redis.restart();
        publish(PER_SECOND, PHASE_S);
        count("killed and away for %d s, at %d messages a second".formatted(OUTAGE_S, PER_SECOND));
        return """
                | of the write-ahead log, Debezium's slot keeps | MiB |
                |---|---|
                | before the outage | %.1f |
                | at its end, after %d s at %d messages a second | %.1f |
                """.formatted(mebibytes(before), OUTAGE_S, PER_SECOND, mebibytes(during));
    }

    private void killsUnderLoad() throws Exception {
        for (int kill = 0; kill < KILLS; kill++) {
            Future<?> publishing = inBackground(() -> publish(PER_SECOND_UNDER_LOAD, PHASE_S));
            Await.hold(Duration.ofSeconds(PHASE_S).dividedBy(2));
            redis.kill();
            redis.restart();
            publishing.get();
        }
        count("killed %d times and back at once, at %,d messages a second".formatted(KILLS, PER_SECOND_UNDER_LOAD));
    }

    private void fallBack() throws Exception {
        Path files = Path.of((String) ((List<?>) redis.run("CONFIG", "GET", "dir")).get(1))
                .resolve("appendonlydir");
        Path older = Children.folder("older");
        publish(PER_SECOND, PHASE_S);
        Children.run(List.of("cp", "-a", files.toString(), older.toString()));
        publish(PER_SECOND, PHASE_S);
        redis.kill();
        Children.run(List.of("rm", "-r", files.toString()));
        Children.run(List.of("cp", "-a", older.resolve("appendonlydir").toString(), files.toString()));
        redis.restart();
        publish(PER_SECOND, PHASE_S);
        count("killed, and back with its file of %d s before".formatted(PHASE_S));
    }

    /** To both at the same time; returns when all is committed. */
    private void publish(int perSecond, int seconds) throws Exception {
        int first = published;
        int count = perSecond * seconds;
        published += count;
        Future<?> others = inBackground(() -> NumberedMessages.publish(debezium::publish, perSecond, first, count));
        NumberedMessages.publish(own::publish, perSecond, first, count);
        others.get();
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Future<?> inBackground(Work work) {
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<?> result = thread.submit(() -> {
            work.run();
            return null;
        });
        thread.shutdown();
        return result;
    }

    /** Adds a fault's rows once all has arrived, and empties the queues for the next one. */
    private void count(String fault) {
        row(fault, "this project", this::list);
        row(fault, "Debezium Server", debezium::delivered);
        redis.run("DEL", QUEUE, DebeziumOutbox.STREAM);
        published = 0;
    }

    private void row(String fault, String outbox, Supplier<List<String>> queue) {
        Await.until(outbox + " has delivered the last message", LONGEST_DELIVERY, () -> {
            int before = queue.get().size();
            Await.hold(QUIET);
            List<String> elements = queue.get();
            return elements.size() == before
                    && elements.stream().anyMatch(element -> NumberedMessages.number(element) == published - 1);
        });
        Delivered delivered = Delivered.of(queue.get(), published);
        rows.append("| %s | %s | %,d | %,d | %,d | %,d |%n"
                .formatted(fault, outbox, published, delivered.lost(), delivered.doubled(), delivered.misordered()));
    }

    /** This project's queue, the oldest first. */
    private List<String> list() {
        try (RedisConnection connection = redis.connect()) {
            List<String> elements = connection.texts("LRANGE", QUEUE, "0", "-1");
            Collections.reverse(elements);
            return elements;
        }
    }

    private static double mebibytes(long bytes) {
        return bytes / 1024.0 / 1024.0;
    }
}

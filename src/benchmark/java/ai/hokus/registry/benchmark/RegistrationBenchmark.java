package ai.hokus.registry.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.chaos.Await;
import ai.hokus.registry.chaos.Children;
import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.outbox.ServiceWithoutOutbox;
import ai.hokus.registry.support.TestRedis;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Registrations a second over HTTP, with and without the outbox, and what one costs. Interleaved in one run. */
class RegistrationBenchmark {

    private static final int CLIENTS = 16;
    private static final int MODELS = 1000;
    private static final int ROUNDS = Scale.rounds(5);
    private static final Duration MEASURED = Scale.seconds(15);
    private static final Duration COUNTED = Duration.ofSeconds(2);

    @Test
    void registrations() throws Exception {
        try (PostgresCluster postgres = PostgresCluster.start();
                TestRedis redis = TestRedis.start()) {
            assertThat(postgres.jdbc().queryForObject("SHOW fsync", String.class))
                    .isEqualTo("on");
            Path extracted = Children.folder("extracted");
            extract(extracted);
            try (Contender with =
                            new Contender("with_outbox", true, ServiceUnderTest.on(postgres, "a"), extracted, redis);
                    Contender newModels =
                            new Contender("new_models", true, ServiceUnderTest.on(postgres, "c"), extracted, redis);
                    Contender without = new Contender(
                            "without_outbox", false, ServiceUnderTest.on(postgres, "b"), extracted, redis);
                    Contender embedded = new Contender("embedded", true, Map.of(), extracted, redis)) {
                Costs costs = new Costs(with.service, "a", postgres, redis);
                Costs costsWithout = new Costs(without.service, "b", postgres, redis);
                // A first round for the compilers, which 15 s are not enough for.
                for (int round = -1; round < ROUNDS; round++) {
                    boolean counts = round >= 0;
                    with.measure(with::load, counts ? costs : null, counts);
                    newModels.measure(newModels::loadOfNewModels, null, counts);
                    without.measure(without::load, counts ? costsWithout : null, counts);
                    embedded.measure(embedded::load, null, counts);
                }
                double statements = statementsPerRegistration(with, postgres);
                PerformanceDocument.write(
                        "registrations",
                        table(with, newModels, without, embedded)
                                + costs.table(costsWithout, statements)
                                + "%n%d rounds after a first one, in turn; median (least to most). %s%n"
                                        .formatted(ROUNDS, PerformanceDocument.machine(postgres.version())));
            }
        }
    }

    /** The packaged service's class path can be added to, that of the jar itself cannot. */
    private static void extract(Path folder) throws IOException {
        Children.run(List.of(
                ServiceUnderTest.java(),
                "-Djarmode=tools",
                "-jar",
                ServiceUnderTest.jar().toString(),
                "extract",
                "--destination",
                folder.resolve("service").toString()));
        for (Class<?> type : ServiceWithoutOutbox.classes()) {
            String name = type.getName().replace('.', '/') + ".class";
            Path file = folder.resolve("more").resolve(name);
            Files.createDirectories(file.getParent());
            try (InputStream bytes = type.getClassLoader().getResourceAsStream(name)) {
                Files.copy(bytes, file);
            }
        }
    }

    private static String table(Contender with, Contender newModels, Contender without, Contender embedded) {
        StringBuilder text = new StringBuilder("""
                | %d clients, %,d models | registrations a second | p50, ms | p99, ms |
                |---|---|---|---|
                """.formatted(CLIENTS, MODELS));
        text.append(with.row("PostgreSQL and Redis"))
                .append(newModels.row("the same, each of a new model"))
                .append(without.row("the same, the message not written"))
                .append(embedded.row("H2 in a file, synced for each commit, and Redis"));
        return text
                + "%nWith the message by without it: %s. Each of a new model by the first row: %s.%n%n"
                        .formatted(
                                with.rates.per(without.rates).text("%.2f"),
                                newModels.rates.per(with.rates).text("%.2f"));
    }

    /** In a time of its own: writing the log costs. */
    private static double statementsPerRegistration(Contender with, PostgresCluster postgres) throws IOException {
        try (StatementLog log = new StatementLog(postgres)) {
            return log.count(() -> with.count(COUNTED)) / (double) with.counted;
        }
    }

    /** A service of its own, on a database and a list of its own, that lives as long as the benchmark. */
    private static final class Contender implements AutoCloseable {

        private final String queue;
        private final boolean delivers;
        private final TestRedis redis;
        private final ServiceUnderTest service;
        private final Spread rates = new Spread();
        private final Spread p50 = new Spread();
        private final Spread p99 = new Spread();
        private int loads;
        private int counted;
        private long accepted;

        Contender(String queue, boolean outbox, Map<String, String> database, Path extracted, TestRedis redis) {
            this.queue = queue;
            this.delivers = outbox;
            this.redis = redis;
            Map<String, String> settings = new HashMap<>(database);
            settings.put("REDIS_URL", redis.url());
            settings.put("registry.queue.name", queue);
            settings.put("registry.queue.capacity", "100000000");
            String classPath = String.join(
                    File.pathSeparator,
                    extracted
                            .resolve("service")
                            .resolve(ServiceUnderTest.jar().getFileName())
                            .toString(),
                    extracted.resolve("more").toString());
            this.service = ServiceUnderTest.start(
                            List.of(
                                    ServiceUnderTest.java(),
                                    "-Dbenchmark.outbox=" + outbox,
                                    "-cp",
                                    classPath,
                                    ServiceWithoutOutbox.class.getName()),
                            settings)
                    .awaitReady();
        }

        Load load(String version) {
            return new Load(service.port(), CLIENTS, 200, Load.registrations(MODELS, CLIENTS, version + ++loads + "-"));
        }

        Load loadOfNewModels(String version) {
            return new Load(
                    service.port(), CLIENTS, 200, Load.registrationsOfNewModels(CLIENTS, version + ++loads + "-"));
        }

        /**
         * @param load by the prefix of its versions
         * @param costs null: not looked at
         */
        void measure(Function<String, Load> load, Costs costs, boolean counts) {
            accepted += load.apply("w").closed(MEASURED).count();
            if (costs != null) {
                costs.begin();
            }
            long start = System.nanoTime();
            Latencies latencies = load.apply("m").closed(MEASURED);
            double seconds = (System.nanoTime() - start) / 1e9;
            accepted += latencies.count();
            if (costs != null) {
                costs.end(latencies.count());
            }
            if (counts) {
                rates.add(latencies.count() / seconds);
                p50.add(latencies.millis(0.5));
                p99.add(latencies.millis(0.99));
            }
            awaitDelivered();
        }

        void count(Duration length) {
            counted = load("c").closed(length).count();
            accepted += counted;
            awaitDelivered();
        }

        private void awaitDelivered() {
            long expected = delivers ? accepted : 0;
            Await.until(queue + " has " + expected, Duration.ofSeconds(60), () -> length() >= expected);
            assertThat(length()).isEqualTo(expected);
            redis.run("DEL", queue);
            accepted = 0;
        }

        private long length() {
            return (Long) redis.run("LLEN", queue);
        }

        String row(String name) {
            return "| %s | %s | %s | %s |%n".formatted(name, rates.text("%,.0f"), p50.text("%.1f"), p99.text("%.1f"));
        }

        @Override
        public void close() {
            service.close();
        }
    }
}

package ai.hokus.registry.benchmark;

import ai.hokus.registry.chaos.PostgresCluster;
import ai.hokus.registry.support.TestRedis;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What registrations cost: processor time by process, and the database's work. All that the servers do is counted. */
final class Costs {

    private final Map<String, Supplier<List<ProcessHandle>>> processes = new LinkedHashMap<>();
    private final Map<String, Supplier<Double>> counters = new LinkedHashMap<>();
    private final Map<String, Spread> figures = new LinkedHashMap<>();
    private final Map<ProcessHandle, Double> cpuBefore = new HashMap<>();
    private final Map<String, Double> countersBefore = new HashMap<>();

    Costs(ServiceUnderTest service, String database, PostgresCluster postgres, TestRedis redis) {
        processes.put("service", () -> List.of(service.process()));
        processes.put("PostgreSQL", postgres::processes);
        processes.put("Redis", () -> List.of(processOf(redis)));
        processes.put("clients", () -> List.of(ProcessHandle.current()));
        counters.put(
                "commits",
                () -> number(
                        postgres, "SELECT xact_commit FROM pg_stat_database WHERE datname = '%s'".formatted(database)));
        counters.put("syncs of the write-ahead log", () -> number(postgres, walSyncs(postgres)));
        counters.put("KiB of write-ahead log", () -> BenchmarkDatabase.writeAheadLog(postgres.jdbc()) / 1024.0);
        counters.put("KiB on disk", () -> BenchmarkDatabase.size(postgres, database) / 1024.0);
    }

    private static String walSyncs(PostgresCluster postgres) {
        return number(postgres, "SELECT current_setting('server_version_num')::int") < 180000
                ? "SELECT wal_sync FROM pg_stat_wal"
                : "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'";
    }

    private static double number(PostgresCluster postgres, String sql) {
        return postgres.jdbc().queryForObject(sql, Double.class);
    }

    private static ProcessHandle processOf(TestRedis redis) {
        String id = ((String) redis.run("INFO", "server"))
                .lines()
                .filter(line -> line.startsWith("process_id:"))
                .findFirst()
                .orElseThrow()
                .substring("process_id:".length());
        return ProcessHandle.of(Long.parseLong(id.strip())).orElseThrow();
    }

    void begin() {
        processes.values().forEach(group -> group.get().forEach(process -> cpuBefore.put(process, cpu(process))));
        counters.forEach((name, counter) -> countersBefore.put(name, counter.get()));
    }

    void end(int registrations) {
        processes.forEach((name, group) -> {
            double seconds = group.get().stream()
                    .mapToDouble(process -> cpu(process) - cpuBefore.getOrDefault(process, 0.0))
                    .sum();
            add("processor seconds per 1,000, " + name, seconds * 1000 / registrations);
        });
        counters.forEach(
                (name, counter) -> add(name + " each", (counter.get() - countersBefore.get(name)) / registrations));
    }

    private void add(String name, double figure) {
        figures.computeIfAbsent(name, ignored -> new Spread()).add(figure);
    }

    private static double cpu(ProcessHandle process) {
        return process.info()
                .totalCpuDuration()
                .map(duration -> duration.toNanos() / 1e9)
                .orElse(0.0);
    }

    /**
     * @param without of the same without messages
     * @param statements per registration with its message, counted elsewhere
     */
    String table(Costs without, double statements) {
        StringBuilder text = new StringBuilder("""
                | a registration with PostgreSQL and Redis | its message and the delivery included | the message not written |
                |---|---|---|
                """);
        figures.forEach((name, figure) -> text.append("| %s | %s | %s |%n"
                .formatted(name, figure.text("%.3f"), without.figures.get(name).text("%.3f"))));
        return text.append("| statements each, BEGIN and COMMIT counted | %.1f | |%n".formatted(statements))
                .toString();
    }
}

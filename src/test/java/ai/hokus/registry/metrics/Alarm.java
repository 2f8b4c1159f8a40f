package ai.hokus.registry.metrics;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * One alarm of {@code infra/modules/observability/alarms.yaml}, whose head explains the fields.
 *
 * @param pagesAs the page that it is a part of; empty: it notifies by itself
 * @param namespace empty: the service's own metrics
 * @param metrics names in CloudWatch; more than one where an expression combines them
 * @param per what there is one alarm for each of, for example partition; empty: there is only one
 * @param threshold a number, or the name of one that Terraform computes
 * @param prometheus empty: only AWS measures it, or Prometheus says it by itself
 */
record Alarm(
        String name,
        String severity,
        String pagesAs,
        String says,
        String runbook,
        String namespace,
        List<String> metrics,
        String expression,
        String per,
        String statistic,
        String comparison,
        String threshold,
        String unit,
        int period,
        int datapoints,
        int of,
        String missing,
        String prometheus) {

    static final Path FILE = Path.of("infra", "modules", "observability", "alarms.yaml");

    private static final Set<String> FIELDS = Set.of(
            "severity",
            "pages_as",
            "says",
            "runbook",
            "namespace",
            "metric",
            "metrics",
            "expression",
            "per",
            "statistic",
            "comparison",
            "threshold",
            "unit",
            "period",
            "datapoints",
            "of",
            "missing",
            "prometheus");

    static List<Alarm> all() {
        return section("alarms").entrySet().stream()
                .map(entry -> of(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** What notifies for several alarms at once: its name, and its fields as they stand in the file. */
    static Map<String, Map<String, Object>> pages() {
        return section("pages");
    }

    private static Map<String, Map<String, Object>> section(String name) {
        try {
            Map<String, Map<String, Map<String, Object>>> file =
                    new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(FILE));
            return file.get(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Alarm of(String name, Map<String, Object> fields) {
        Set<String> unknown = new TreeSet<>(fields.keySet());
        unknown.removeAll(FIELDS);
        if (!unknown.isEmpty()) {
            throw new AssertionError(name + " has fields that nothing reads: " + unknown);
        }
        List<String> metrics = new ArrayList<>();
        if (fields.get("metric") instanceof String metric) {
            metrics.add(metric);
        }
        if (fields.get("metrics") instanceof Map<?, ?> byId) {
            byId.values().forEach(metric -> metrics.add(String.valueOf(metric)));
        }
        return new Alarm(
                name,
                text(fields, "severity"),
                text(fields, "pages_as"),
                text(fields, "says"),
                text(fields, "runbook"),
                text(fields, "namespace"),
                List.copyOf(metrics),
                text(fields, "expression"),
                text(fields, "per"),
                text(fields, "statistic"),
                text(fields, "comparison"),
                text(fields, "threshold"),
                text(fields, "unit"),
                fields.get("period") instanceof Integer period ? period : 60,
                (int) fields.get("datapoints"),
                (int) fields.get("of"),
                text(fields, "missing"),
                text(fields, "prometheus"));
    }

    private static String text(Map<String, Object> fields, String name) {
        return String.valueOf(fields.getOrDefault(name, ""));
    }

    boolean watchesTheService() {
        return namespace.isEmpty();
    }

    /** Its name in Prometheus: as Alertmanager's users write them. */
    String alertName() {
        StringBuilder alert = new StringBuilder();
        for (String word : name.split("-")) {
            alert.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
        }
        return alert.toString();
    }

    /** When it rings, for people. */
    String condition() {
        String value = expression.isEmpty() ? "`" + metrics.get(0) + "`" : "`" + expression + "`";
        String periods = period == 60
                ? "minutes"
                : of == 1
                        ? "period of %d minutes".formatted(period / 60)
                        : "periods of %d minutes".formatted(period / 60);
        return Stream.of(
                        statistic + " of " + value + (per.isEmpty() ? "" : " per " + per.replace('-', ' ')),
                        comparison,
                        threshold.matches("[0-9.]+") ? threshold : "`" + threshold + "`",
                        unit)
                .filter(part -> !part.isEmpty())
                .reduce((a, b) -> a + " " + b)
                .orElseThrow()
                .concat(", %d of %d %s".formatted(datapoints, of, of == 1 && period == 60 ? "minute" : periods));
    }
}

package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The alarms are the same everywhere: {@code alarms.yaml}, from which Terraform makes CloudWatch's, Prometheus' rules, the tables
 * in {@code docs/metrics.md}, the meters that the service has and the runbook's sections. {@code -Dmetrics.update=true} writes
 * the rules and the tables anew.
 */
class AlarmsTest {

    static final Path RULES = Path.of("infra", "prometheus", "alerts.yaml");
    private static final Path RULES_TEST = Path.of("infra", "prometheus", "alerts.test.yaml");
    private static final Path RUNBOOK = Path.of("docs", "runbook.md");

    private static final Set<String> TARGETS =
            Set.of("", "partition", "redis-node", "database", "target-group", "load-balancer", "tasks");

    @Test
    void every_alarm_says_all_that_an_alarm_must_say() {
        for (Alarm alarm : Alarm.all()) {
            assertThat(alarm.severity()).as(alarm.name()).isIn("page", "ticket");
            assertThat(alarm.missing()).as(alarm.name()).isIn("breaching", "notBreaching");
            assertThat(alarm.comparison()).as(alarm.name()).isIn("<", ">", ">=");
            assertThat(alarm.per()).as(alarm.name()).isIn(TARGETS);
            assertThat(alarm.says()).as(alarm.name()).matches("(?s)[A-Z].*\\.");
            assertThat(alarm.datapoints()).as(alarm.name()).isBetween(1, alarm.of());
            assertThat(alarm.metrics()).as(alarm.name()).isNotEmpty();
            assertThat(alarm.expression().isEmpty())
                    .as(alarm.name())
                    .isEqualTo(alarm.metrics().size() == 1);
            if (!alarm.pagesAs().isEmpty()) {
                assertThat(alarm.severity()).as(alarm.name()).isEqualTo("page");
                assertThat(Alarm.pages()).as(alarm.name()).containsKey(alarm.pagesAs());
            }
        }
    }

    @Test
    void alarms_on_the_service_watch_meters_that_it_has_with_their_dimension() {
        for (Alarm alarm : Alarm.all()) {
            if (!alarm.watchesTheService()) {
                assertThat(alarm.namespace()).as(alarm.name()).startsWith("AWS/");
                assertThat(alarm.prometheus())
                        .as("%s: only AWS measures it", alarm.name())
                        .isEmpty();
                continue;
            }
            for (String metric : alarm.metrics()) {
                ServiceMeter meter = Arrays.stream(ServiceMeter.values())
                        .filter(m -> EmittedMetricsTest.cloudWatchNames(m).contains(metric))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(
                                alarm.name() + " watches " + metric + ", which no meter of ServiceMeter publishes"));
                assertThat(alarm.per())
                        .as("dimension of %s in %s", metric, alarm.name())
                        .isEqualTo(
                                ServiceMeter.Spec.PARTITION.equals(meter.spec().tag()) ? "partition" : "");
            }
            assertThat(alarm.prometheus()).as(alarm.name()).isNotEmpty();
        }
    }

    /** Of the few values that a state has, one is bad: nobody should have to look at a graph to find out. */
    @Test
    void every_meter_that_says_well_or_not_has_an_alarm() {
        Set<String> watched =
                Alarm.all().stream().flatMap(alarm -> alarm.metrics().stream()).collect(Collectors.toSet());
        List<ServiceMeter> states = Stream.of(ServiceMeter.values())
                .filter(meter -> meter.description().matches("[01]:? .*\\b[01]:? .*"))
                .toList();
        assertThat(states).contains(ServiceMeter.DATABASE_WRITABLE, ServiceMeter.PARTITION_STATE);
        for (ServiceMeter meter : states) {
            assertThat(watched)
                    .as(meter.spec().name())
                    .containsAnyElementsOf(EmittedMetricsTest.cloudWatchNames(meter));
        }
    }

    @Test
    void every_alarm_leads_to_a_section_of_the_runbook() throws IOException {
        Set<String> anchors = new TreeSet<>();
        Matcher anchor = Pattern.compile("<a id=\"([^\"]+)\"></a>").matcher(Files.readString(RUNBOOK));
        while (anchor.find()) {
            anchors.add(anchor.group(1));
        }
        assertThat(anchors).contains("no-metrics");
        for (Alarm alarm : Alarm.all()) {
            assertThat(anchors).as(alarm.name()).contains(alarm.runbook());
        }
        Alarm.pages()
                .forEach((name, page) -> assertThat(anchors).as(name).contains(String.valueOf(page.get("runbook"))));
    }

    @Test
    void the_document_lists_every_alarm_as_it_is() throws IOException {
        List<String> rows = new ArrayList<>();
        rows.add("| alarm | severity | rings when | without data | runbook |");
        rows.add("|---|---|---|---|---|");
        Alarm.pages()
                .forEach((name, page) ->
                        rows.add("| **`%s`** | page | any of its parts rings%s | | [%s](runbook.md#%s) |"
                                .formatted(
                                        name,
                                        page.get("quiet_while") instanceof List<?> others
                                                ? ", and none of `"
                                                        + others.stream()
                                                                .map(String::valueOf)
                                                                .collect(Collectors.joining("`, `"))
                                                        + "`"
                                                : "",
                                        page.get("runbook"),
                                        page.get("runbook"))));
        for (Alarm alarm : Alarm.all()) {
            rows.add("| `%s` | %s | %s | %s | [%s](runbook.md#%s) |"
                    .formatted(
                            alarm.name(),
                            alarm.pagesAs().isEmpty() ? alarm.severity() : "part of `" + alarm.pagesAs() + "`",
                            alarm.condition(),
                            alarm.missing().equals("breaching") ? "rings" : "silent",
                            alarm.runbook(),
                            alarm.runbook()));
        }
        rows.add("");
        rows.add(price());
        GeneratedSection.assertSays("alarms", rows);
    }

    private static String price() {
        return "With one partition and two Redis nodes they watch %d metrics at $0.10, and the pages and what silences one are %d composite alarms at $0.50: **$%.2f a month**."
                .formatted(watchedMetrics(), compositeAlarms(), monthlyPrice());
    }

    private static long compositeAlarms() {
        return Alarm.pages().values().stream()
                .mapToLong(page -> page.containsKey("quiet_while") ? 2 : 1)
                .sum();
    }

    /** Of the alarms, with one partition and two Redis nodes; CloudWatch charges by the metrics that an alarm watches. */
    static double monthlyPrice() {
        return watchedMetrics() * 0.10 + compositeAlarms() * 0.50;
    }

    private static int watchedMetrics() {
        return Alarm.all().stream()
                .mapToInt(alarm -> alarm.metrics().size() * (alarm.per().equals("redis-node") ? 2 : 1))
                .sum();
    }

    @Test
    void prometheus_has_the_same_alarms() throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "# Generated from infra/modules/observability/alarms.yaml: change it there.",
                "groups:",
                "  - name: registration-outbox",
                "    rules:"));
        for (Alarm alarm : Alarm.all()) {
            if (!alarm.prometheus().isEmpty()) {
                lines.addAll(rule(alarm));
            }
        }
        GeneratedSection.assertFileSays(RULES, lines);
    }

    private static List<String> rule(Alarm alarm) {
        List<String> rule = new ArrayList<>();
        rule.add("      - alert: " + alarm.alertName());
        rule.add("        expr: "
                + quoted("%s %s %s".formatted(alarm.prometheus(), alarm.comparison(), alarm.threshold())));
        if (alarm.of() > 1) {
            rule.add("        for: %dm".formatted(alarm.datapoints() * alarm.period() / 60));
        }
        rule.add("        labels:");
        rule.add("          severity: " + alarm.severity());
        if (!alarm.pagesAs().isEmpty()) {
            rule.add("          page: " + alarm.pagesAs());
        }
        rule.add("        annotations:");
        rule.add("          summary: "
                + quoted(alarm.says()
                        .replace("{threshold}", alarm.threshold())
                        .replace("{partition}", "{{ $labels.partition }}")));
        rule.add("          runbook: docs/runbook.md#" + alarm.runbook());
        return rule;
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    @Test
    void promtool_accepts_the_rules_and_sees_them_fire() throws Exception {
        assumeTrue(
                Arrays.stream(Objects.requireNonNullElse(System.getenv("PATH"), "")
                                .split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "promtool"))),
                "no promtool here (Debian's package prometheus has it): Prometheus' rules are not checked");
        assertThat(promtool("check", "rules", RULES.toString())).contains("SUCCESS");
        assertThat(promtool("test", "rules", RULES_TEST.toString())).contains("SUCCESS");
    }

    private static String promtool(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /** The names of metrics in a query of Prometheus: words with an underscore that are neither a function nor a label. */
    static Set<String> metricsIn(String query) {
        Set<String> names = new TreeSet<>();
        Matcher word = Pattern.compile("(?<![\\w:$])[a-z][a-z0-9]*(_[a-z0-9]+)+(?!\\w*\\()")
                .matcher(query.replaceAll("\"[^\"]*\"", "").replaceAll("(by|without) *\\([^)]*\\)", ""));
        while (word.find()) {
            names.add(word.group());
        }
        return names;
    }

    @Test
    void queries_are_read_for_their_metrics() {
        assertThat(
                        metricsIn(
                                "histogram_quantile(0.99, sum by (le_x) (rate(registry_a_seconds_bucket{pool_x=\"a_b\"}[5m]))) / max(registry_b)"))
                .contains("registry_a_seconds_bucket", "registry_b")
                .doesNotContain("histogram_quantile", "le_x", "a_b");
    }

    /** Every alarm of Prometheus, by its name: which metrics it asks for. */
    static Map<String, Set<String>> metricsOfAlarms() {
        return Alarm.all().stream()
                .filter(alarm -> !alarm.prometheus().isEmpty())
                .collect(Collectors.toMap(Alarm::name, alarm -> metricsIn(alarm.prometheus())));
    }
}

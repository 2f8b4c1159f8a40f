package ai.hokus.registry.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.hokus.registry.consumers.ConsumerCache;
import ai.hokus.registry.metrics.FakeCloudWatch.Datum;
import ai.hokus.registry.status.StatusCache;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestKeys;
import ai.hokus.registry.support.TestRedis;
import io.micrometer.cloudwatch2.CloudWatchMeterRegistry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the whole service emits, with a real Redis, and that {@code docs/metrics.md} and {@code docs/metrics.txt} say the
 * same. {@code -Dmetrics.update=true} writes both anew.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EmittedMetricsTest {

    private static final Path NAMES = Path.of("docs", "metrics.txt");
    private static final Path GRAFANA = Path.of("infra", "grafana", "registration-outbox.json");

    private static final String QUEUE = TestRedis.freshName("metrics");
    private static FakeCloudWatch fakeCloudWatch;

    @TestConfiguration(proxyBeanMethods = false)
    static class NoCredentials {

        @Bean
        @Primary
        AwsCredentialsProvider anonymous() {
            return AnonymousCredentialsProvider.create();
        }
    }

    @DynamicPropertySource
    static void surroundings(DynamicPropertyRegistry properties) {
        String database = TestDatabase.H2.newUrl();
        properties.add("spring.datasource.url", () -> database);
        properties.add("registry.queue.name", () -> QUEUE);
        properties.add(
                "REDIS_URL", () -> "redis://127.0.0.1:" + TestRedis.shared().port());
        String keys = TestKeys.file(TestKeys.line()).toString();
        properties.add("API_KEYS_FILE", () -> keys);
        properties.add("AUTH_SERVICE_URL", () -> "http://127.0.0.1:1"); // nobody is there
        properties.add("AUTH_SERVICE_ID", () -> "registry");
        properties.add("CLOUDWATCH_NAMESPACE", () -> "Outbox");
        properties.add("CLOUDWATCH_REGION", () -> "us-east-1");
        properties.add("CLOUDWATCH_STEP", () -> "1h");
    }

    @LocalServerPort
    private int port;

    @Autowired
    private MeterRegistry registry;

    /** Counts are asked of this one: the composite asks any of its registries, and CloudWatch's counts by the step. */
    @Autowired
    private PrometheusMeterRegistry prometheus;

    @Autowired
    private CloudWatchMeterRegistry cloudWatch;

    @Autowired
    private StatusCache cache;

    @Autowired
    private ConsumerCache consumers;

    /** Not with the class, which another test uses: clients find the fake that was made last. */
    @BeforeAll
    static void start() {
        fakeCloudWatch = new FakeCloudWatch();
    }

    @AfterAll
    static void close() {
        fakeCloudWatch.close();
    }

    @Test
    @Order(1)
    void a_registration_is_seen_from_its_request_to_the_queue() throws Exception {
        assertThat(register("1").statusCode()).isEqualTo(200);
        assertThat(register("1").statusCode()).as("again").isEqualTo(200);
        assertThat(register("2").statusCode()).isEqualTo(200);
        awaitDelivered(2);

        assertThat(count("registry.registrations.accepted")).isEqualTo(2);
        assertThat(prometheus.get("registry.registration.duration").timer().count())
                .isEqualTo(3);
        assertThat(prometheus.get("registry.relay.delivery.latency").timer().count())
                .isEqualTo(2);
        assertThat(prometheus.get("registry.relay.failures").counters())
                .extracting(Counter::count)
                .containsOnly(0.0);
    }

    @Test
    @Order(1)
    void a_key_that_cannot_be_verified_is_seen() throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(uri("/models"))
                .header("X-API-Key", "not-in-the-file")
                .build());

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(count("registry.auth.service.unverified")).isEqualTo(1);
        assertThat(prometheus
                        .get("registry.auth.service.failures")
                        .tag("cause", "unreachable")
                        .counter()
                        .count())
                .isEqualTo(1);
        assertThat(prometheus.get("registry.auth.service.duration").timer().count())
                .isEqualTo(1);
    }

    @Test
    @Order(2)
    void every_meter_of_ours_is_listed_with_its_kind_unit_tags_and_meaning() {
        for (Meter meter : prometheus.getMeters()) {
            Meter.Id id = meter.getId();
            ServiceMeter listed = ServiceMeter.named(id.getName()).orElse(null);
            if (listed == null) {
                assertThat(id.getName()).as("not listed in ServiceMeter").doesNotStartWith("registry.");
                continue;
            }
            assertThat(id.getType())
                    .as("kind of %s", id.getName())
                    .isEqualTo(listed.spec().type());
            assertThat(id.getTags())
                    .extracting(Tag::getKey)
                    .as("tags of %s", id.getName())
                    .isEqualTo(tags(listed));
            if (id.getName().startsWith("registry.")) {
                assertThat(id.getDescription()).isEqualTo(listed.description());
                if (listed.spec().type() != Meter.Type.TIMER) {
                    assertThat(id.getBaseUnit())
                            .as("unit of %s", id.getName())
                            .isEqualTo(listed.spec().unit());
                }
            }
        }
    }

    @Test
    @Order(3)
    void prometheus_is_served_all_of_them() throws Exception {
        HttpResponse<String> response = get("/actuator/prometheus");

        assertThat(response.statusCode()).isEqualTo(200);
        for (ServiceMeter meter : ServiceMeter.values()) {
            assertThat(response.body()).contains("\n" + meter.spec().name().replace('.', '_'));
        }
        assertThat(response.body())
                .contains("registry_relay_delivered_messages_total 2.0")
                .contains("registry_outbox_oldest_pending_age_seconds{partition=\"0\"}")
                .contains("registry_relay_delivery_latency_seconds_bucket{le=\"0.25\"}")
                .contains("registry_relay_failures_passes_total{cause=\"other\"}");
        assertThat(get("/actuator/env").statusCode())
                .as("nothing else is exposed")
                .isEqualTo(404);

        Set<String> served = response.body()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]")[0])
                .collect(Collectors.toSet());
        AlarmsTest.metricsOfAlarms()
                .forEach((alarm, metrics) ->
                        assertThat(served).as("asked for by %s", alarm).containsAll(metrics));
        queriesOfTheGrafanaDashboard()
                .forEach(query -> assertThat(served)
                        .as("asked for by Grafana: %s", query)
                        .containsAll(AlarmsTest.metricsIn(query)));
    }

    private static List<String> queriesOfTheGrafanaDashboard() {
        List<String> queries = new JsonMapper().readTree(GRAFANA.toFile()).findValuesAsString("expr");
        Set<String> asked = queries.stream()
                .flatMap(query -> AlarmsTest.metricsIn(query).stream())
                .collect(Collectors.toSet());
        AlarmsTest.metricsOfAlarms()
                .forEach((alarm, metrics) -> assertThat(asked)
                        .as("who is woken by %s looks at the dashboard next", alarm)
                        .containsAll(metrics));
        return queries;
    }

    /** Last: it closes the registry, which publishes what the running step holds. */
    @Test
    @Order(4)
    void cloudwatch_gets_exactly_the_names_of_the_list() throws Exception {
        register("3");
        awaitDelivered(3);
        TestRedis.shared().run("LTRIM", QUEUE, "1", "0"); // consumers take everything
        await().until(() -> consumers.current().takenP99() != null);
        await().until(() ->
                !cache.current().stale() && cache.current().partitions().get(0).lastPassAt() != null);

        cloudWatch.close();

        List<Datum> data = new ArrayList<>(fakeCloudWatch.next().data());
        fakeCloudWatch.rest().forEach(put -> data.addAll(put.data()));
        List<String> names = List.copyOf(new TreeSet<>(data.stream()
                .map(datum -> String.join(" ", withDimensions(datum)))
                .toList()));
        assertThat(names)
                .as("ServiceMeter")
                .containsExactlyElementsOf(new TreeSet<>(Arrays.stream(ServiceMeter.values())
                        .flatMap(meter -> cloudWatchNames(meter).stream()
                                .map(name ->
                                        Objects.equals(meter.spec().tag(), "partition") ? name + " partition" : name))
                        .toList()));
        GeneratedSection.assertFileSays(NAMES, names);
    }

    private static List<String> withDimensions(Datum datum) {
        List<String> words = new ArrayList<>(List.of(datum.name()));
        words.addAll(new TreeSet<>(datum.dimensions().keySet()));
        return words;
    }

    @Test
    void the_document_says_what_the_code_says() throws IOException {
        List<String> rows = new ArrayList<>(List.of(
                "| meter | kind | unit | tag | meaning | in CloudWatch, after the name | alarms |",
                "|---|---|---|---|---|---|---|"));
        Arrays.stream(ServiceMeter.values()).map(EmittedMetricsTest::row).forEach(rows::add);
        GeneratedSection.assertSays("meters", rows);
        GeneratedSection.assertSays("price of metrics", List.of(price()));
        assertThat(Files.readString(Path.of("infra", "README.md")))
                .contains("| %.2f + %.2f + 0.86 + 3 |"
                        .formatted((names(true) + names(false)) * 0.30, AlarmsTest.monthlyPrice()));
    }

    /** What the document must say about what is paid for. */
    private static String price() {
        int each = names(true);
        int once = names(false);
        return ("**%d metrics, and %d for each partition: %d with one partition, $%.2f a month; %d with four, $%.2f**,"
                        + " however many instances publish.")
                .formatted(once, each, once + each, (once + each) * 0.30, once + 4 * each, (once + 4 * each) * 0.30);
    }

    private static int names(boolean ofPartitions) {
        return Arrays.stream(ServiceMeter.values())
                .filter(meter -> Objects.equals(meter.spec().tag(), "partition") == ofPartitions)
                .mapToInt(meter -> cloudWatchNames(meter).size())
                .sum();
    }

    private static String row(ServiceMeter meter) {
        String alarms = Alarm.all().stream()
                .filter(alarm -> !Collections.disjoint(alarm.metrics(), cloudWatchNames(meter)))
                .map(alarm -> "`" + alarm.name() + "`")
                .collect(Collectors.joining(", "));
        String suffixes = String.join(
                " ",
                cloudWatchNames(meter).stream()
                        .map(name -> "`" + name.substring(meter.spec().name().length()) + "`")
                        .toList());
        String unit = meter.spec().type() == Meter.Type.TIMER
                ? "time"
                : Objects.requireNonNullElse(meter.spec().unit(), "");
        return "| "
                + String.join(
                        " | ",
                        "`" + meter.spec().name() + "`",
                        meter.spec().type().name().toLowerCase(Locale.ROOT).replace("distribution_", ""),
                        unit,
                        String.join("", tags(meter)),
                        meter.description(),
                        suffixes,
                        alarms)
                + " |";
    }

    /** What a meter is called in CloudWatch: one metric for each of these, and for each partition. */
    static List<String> cloudWatchNames(ServiceMeter meter) {
        List<String> suffixes = switch (meter.spec().type()) {
            case COUNTER -> List.of("count");
            case TIMER, DISTRIBUTION_SUMMARY -> List.of("sum", "count", "avg", "max");
            default -> List.of("value");
        };
        return suffixes.stream()
                .map(suffix -> meter.spec().name() + "." + suffix)
                .toList();
    }

    private static List<String> tags(ServiceMeter meter) {
        return meter.spec().tag() == null ? List.of() : List.of(meter.spec().tag());
    }

    private void awaitDelivered(int messages) {
        await().until(() -> count("registry.relay.delivered") == messages);
    }

    private double count(String counter) {
        return prometheus.get(counter).counter().count();
    }

    private HttpResponse<String> register(String version) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri("/models/tokenized-registration-events"))
                .header("X-API-Key", TestKeys.KEY)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("""
                        {"model_name":"churn","version":"%s","token_id":"CHURN","proposal_identifier":"P-1",
                         "metric_name":"auroc","baseline_value":0.81,"mlflow_run_id":"run-1"}""".formatted(version)))
                .build());
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri(path))
                .header("X-API-Key", TestKeys.KEY)
                .build());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    private static HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    }
}

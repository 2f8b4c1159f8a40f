package ai.hokus.registry.status;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.outbox.CommittedMessage;
import ai.hokus.registry.outbox.NewMessage;
import ai.hokus.registry.outbox.SqlDialect;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.SettableClock;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the service says of itself is what its clients experience. */
class StatusSamplerTest {

    private static final JsonMapper JSON = new JsonMapper();

    private static FrozenPostgres postgres;

    private final Logger logger = (Logger) LoggerFactory.getLogger("ai.hokus.registry.status");
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    @BeforeAll
    static void startServer() {
        postgres = new FrozenPostgres();
    }

    @AfterAll
    static void stopServer() {
        postgres.close();
    }

    /** To be called when the service has started: its start takes appenders off. */
    private void record() {
        logged.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(logged);
    }

    @AfterEach
    void stopRecording() {
        logger.detachAppender(logged);
    }

    @Test
    void a_database_that_refuses_writes_is_named_and_recovers_by_itself() {
        try (RunningService service = onOwnServer(Map.of())) {
            record();
            Eventually.await("ready", () -> ready(service));
            assertThat(gauge(service, "registry.database.writable")).isEqualTo(1);

            postgres.refuseWrites();
            try {
                Eventually.await("not ready", () -> !ready(service));

                assertThat(service.get("/health").statusCode()).isEqualTo(503);
                assertThat(text(service, "/status")).isEqualTo("unhealthy");
                assertThat(findings(service)).contains("the database refuses writes", "read-only transaction");
                assertThat(gauge(service, "registry.database.writable")).isZero();
                assertThat(gauge(service, "registry.database.reachable")).isEqualTo(1);
                assertThat(service.post("/models/tokenized-registration-events", RunningService.registration("m", "1"))
                                .statusCode())
                        .as("what clients experience")
                        .isEqualTo(503);
            } finally {
                postgres.takeWrites();
            }

            Eventually.await("ready again", () -> ready(service));
            assertThat(gauge(service, "registry.database.writable")).isEqualTo(1);
            service.register("m", "1");
            assertThat(lines(Level.ERROR)).singleElement().asString().contains("refuses writes");
            Eventually.await("in the log once", () -> count(Level.INFO, "takes writes again") == 1);
        }
    }

    /** The probe's own row finds room on a full disk, and its table is not the one that is locked. */
    @Test
    void registrations_that_fail_while_the_probe_does_not_are_named_and_recovery_is_seen() {
        try (RunningService service = onOwnServer(Map.of())) {
            record();
            Eventually.await("ready", () -> ready(service));
            service.jdbc().execute("""
                    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
                    $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$
                    """);
            service.jdbc().execute("""
                    CREATE TRIGGER no_room BEFORE INSERT ON registration FOR EACH ROW EXECUTE FUNCTION no_room()
                    """);

            Eventually.await("not ready", () -> {
                assertThat(service.post("/models/tokenized-registration-events", RunningService.registration("m", "1"))
                                .statusCode())
                        .as("what clients experience")
                        .isEqualTo(503);
                return !ready(service);
            });

            assertThat(service.get("/health").statusCode()).isEqualTo(503);
            assertThat(text(service, "/status")).isEqualTo("unhealthy");
            assertThat(findings(service)).contains("registrations fail", "No space left on device");
            assertThat(gauge(service, "registry.database.writable")).isZero();

            service.jdbc().execute("DROP TRIGGER no_room ON registration");
            service.register("m", "1");

            Eventually.await("ready again", () -> ready(service));
            assertThat(lines(Level.ERROR)).singleElement().asString().contains("Registrations fail");
            Eventually.await("in the log once", () -> count(Level.INFO, "do not fail any more") == 1);
        }
    }

    @Test
    void a_lock_on_the_probes_own_table_is_no_failure_and_one_on_the_registrations_table_is() throws Exception {
        String url = postgres.newUrl();
        try (RunningService service = onOwnServer(withLockTimeout(url, "300ms"));
                Connection session = DriverManager.getConnection(url, "postgres", "");
                Statement statement = session.createStatement()) {
            Eventually.await("ready", () -> ready(service));
            session.setAutoCommit(false);
            statement.execute("LOCK TABLE outbox_relay IN ACCESS EXCLUSIVE MODE");
            assertReadyFor(service, Duration.ofSeconds(2)); // several lock timeouts: two failures would be believed
            session.rollback();

            statement.execute("LOCK TABLE registration IN ACCESS EXCLUSIVE MODE");
            Eventually.await("not ready", () -> {
                service.post("/models/tokenized-registration-events", RunningService.registration("m", "1"));
                return !ready(service);
            });
            assertThat(findings(service)).contains("registrations fail", "lock timeout");
            session.rollback();

            service.register("m", "1");
            Eventually.await("ready again", () -> ready(service));

            statement.execute("LOCK TABLE model IN SHARE MODE"); // as CREATE INDEX does
            Eventually.await("not ready", () -> {
                service.post("/models/tokenized-registration-events", RunningService.registration("new", "1"));
                return !ready(service);
            });
            session.rollback();

            service.register("new", "1");
            Eventually.await("ready again", () -> ready(service));
        }
    }

    /** One of them holds the model while it waits for the table, and the other one waits for the model. */
    @Test
    void a_lock_on_the_registrations_table_is_noticed_by_the_registrations_of_one_model_too() throws Exception {
        String url = postgres.newUrl();
        try (RunningService service = onOwnServer(withLockTimeout(url, "1100ms"));
                Connection session = DriverManager.getConnection(url, "postgres", "");
                Statement statement = session.createStatement()) {
            Eventually.await("ready", () -> ready(service));
            service.register("m", "1");
            session.setAutoCommit(false);
            statement.execute("LOCK TABLE registration IN ACCESS EXCLUSIVE MODE");
            List<Thread> clients = Stream.of("2", "3")
                    .map(version -> new Thread(() -> Eventually.await(
                            "stored",
                            () -> service.post(
                                                    "/models/tokenized-registration-events",
                                                    RunningService.registration("m", version))
                                            .statusCode()
                                    == 200)))
                    .toList();
            clients.forEach(Thread::start);

            Eventually.await("not ready", () -> !ready(service));
            assertThat(findings(service)).contains("registrations fail", "lock timeout");

            session.rollback();
            for (Thread client : clients) {
                client.join();
            }
            Eventually.await("ready again", () -> ready(service));
        }
    }

    /** Its claims fail, and the view cannot be read, though registrations and the probe succeed. */
    @Test
    void an_instance_that_has_never_read_the_outbox_is_degraded() throws Exception {
        String url = postgres.newUrl();
        try (TestRedis redis = TestRedis.start();
                Connection session = DriverManager.getConnection(url, "postgres", "")) {
            Map<String, String> settings = new HashMap<>(withLockTimeout(url, "300ms"));
            settings.put("REDIS_URL", redis.url());
            onOwnServer(settings).close(); // makes the tables
            session.setAutoCommit(false);
            try (Statement statement = session.createStatement()) {
                statement.execute("LOCK TABLE outbox_delivery IN ACCESS EXCLUSIVE MODE");
            }
            try (RunningService service = onOwnServer(settings)) {
                record();
                Eventually.await("the relay fails", () -> findings(service).contains("the relay of partition 0 fails"));
                assertThat(text(service, "/services/message_queue")).isEqualTo("degraded");
                Eventually.await("overdue", () -> findings(service).contains("not read once since the start"));
                Eventually.await("in the log", () -> count(Level.WARN, "The outbox's state cannot be read") > 0);
                assertThat(service.jdbc().queryForList("SELECT state FROM outbox_relay", String.class))
                        .contains("failing");

                service.register("m", "1");
                assertThat(ready(service)).isTrue();
                assertThat(text(service, "/status")).isEqualTo("degraded");
                assertThat(details(service).get("last_error").stringValue()).contains("lock timeout");
                assertThat(gauge(service, "registry.relay.last.pass.age")).isGreaterThan(10);
                assertThat(gauge(service, "registry.status.sample.age")).isGreaterThan(10);
                HttpResponse<String> pause = service.post("/outbox/partitions/all/pause", "{\"reason\":\"because\"}");
                assertThat(pause.body()).contains("\"executed\":true", "How many messages wait is not known");
                assertThat(service.post("/outbox/partitions/all/resume", "{\"reason\":\"because\"}")
                                .statusCode())
                        .isEqualTo(200);

                session.rollback();

                Eventually.await("healthy", () -> text(service, "/status").equals("healthy"));
                assertThat(text(service, "/services/message_queue")).isEqualTo("healthy");
            }
        }
    }

    @Test
    void a_model_whose_row_somebody_holds_says_nothing_about_the_database() throws Exception {
        String url = postgres.newUrl();
        try (RunningService service = onOwnServer(withLockTimeout(url, "1100ms"));
                Connection session = DriverManager.getConnection(url, "postgres", "");
                Statement statement = session.createStatement()) {
            Eventually.await("ready", () -> ready(service));
            service.register("m", "1");
            session.setAutoCommit(false);
            statement.execute("SELECT 1 FROM model WHERE name = 'm' FOR UPDATE");
            for (int n = 0; n < 4; n++) {
                assertThat(service.post("/models/tokenized-registration-events", RunningService.registration("m", "2"))
                                .statusCode())
                        .isEqualTo(503);
                assertThat(service.bean(RegistrationOutcomes.class).failing()).isEmpty();
            }
            assertReadyFor(service, Duration.ofSeconds(1));
        }
    }

    /** Each takes 2 s to fail: the timeout of a lock. */
    @Test
    void neither_a_report_nor_a_sample_that_fails_puts_the_next_sample_off_for_long() throws Exception {
        String url = postgres.newUrl();
        try (RunningService service =
                        onOwnServer(Map.of("spring.datasource.url", url, "registry.status.report-interval", "100ms"));
                Connection session = DriverManager.getConnection(url, "postgres", "");
                Statement statement = session.createStatement()) {
            Eventually.await("sampled", () -> sampledAt(service).isAfter(Instant.MIN));
            session.setAutoCommit(false);
            statement.execute("LOCK TABLE outbox_relay IN SHARE MODE");
            awaitLockTimeout("DELETE FROM outbox_relay");
            assertThat(durationToNextSample(service)).isLessThan(Duration.ofSeconds(10));

            statement.execute("LOCK TABLE outbox_delivery IN ACCESS EXCLUSIVE MODE");
            awaitLockTimeout("FROM outbox_status");
            awaitLockTimeout("DELETE FROM outbox_relay");
            session.rollback();
            assertThat(durationToNextSample(service)).isLessThan(Duration.ofSeconds(15));
        }
    }

    private static void awaitLockTimeout(String sql) {
        String waiting =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || ? || '%'";
        Eventually.await("it waits", () -> postgres.admin().queryForObject(waiting, Integer.class, sql) > 0);
        Eventually.await("it has failed", () -> postgres.admin().queryForObject(waiting, Integer.class, sql) == 0);
    }

    private static Duration durationToNextSample(RunningService service) {
        Instant start = Instant.now();
        Eventually.await("sampled", () -> sampledAt(service).isAfter(start));
        return Duration.between(start, sampledAt(service));
    }

    @Test
    void a_database_that_is_slow_is_well_and_one_that_is_frozen_for_long_is_not() {
        try (RunningService service = onOwnServer(Map.of())) {
            Eventually.await("ready", () -> ready(service));

            postgres.freeze();
            try {
                assertReadyFor(service, Duration.ofSeconds(3));
            } finally {
                postgres.thaw();
            }
            assertReadyFor(service, Duration.ofSeconds(1));

            postgres.freeze();
            try {
                Eventually.await("found out", () -> !ready(service));
                assertThat(service.get("/health").statusCode()).isEqualTo(503);
            } finally {
                postgres.thaw();
            }
            Eventually.await("ready again", () -> ready(service));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TestDatabase.class,
            names = {"H2", "POSTGRESQL"})
    void what_is_pending_is_counted_to_100000_and_estimated_beyond(TestDatabase database) {
        try (RunningService service = RunningService.on(database, settings(Map.of()))) {
            String tenThousand = """
                    INSERT INTO outbox_message (partition_id, message_id, message_key, message_type, payload)
                    SELECT 0, %s(), 'm', 't', '{}' FROM %s(1, 10000)
                    """.formatted(
                            database == TestDatabase.H2 ? "random_uuid" : "gen_random_uuid",
                            database == TestDatabase.H2 ? "system_range" : "generate_series");
            for (int n = 0; n < 15; n++) {
                service.jdbc().update(tenThousand);
            }

            Eventually.await(
                    "estimated",
                    () -> details(service).get("backlog_is_estimate").booleanValue());

            JsonNode details = details(service);
            assertThat(details.get("backlog").longValue()).isBetween(100_000L, 160_000L);
            assertThat(details.at("/partitions/0/pending_is_estimate").booleanValue())
                    .isTrue();
            assertThat(JSON.readTree(service.get("/outbox/status").body())
                            .get("pending_is_estimate")
                            .booleanValue())
                    .isTrue();
            assertThat(ready(service)).isTrue();
            assertThat(service.get("/health").statusCode()).isEqualTo(200);
            assertThat(text(service, "/status")).isEqualTo("degraded");
            service.register("m", "1");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = TestDatabase.class,
            names = {"H2", "POSTGRESQL"})
    void delivery_that_stands_still_is_a_finding_until_it_goes_on(TestDatabase database) {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        database,
                        settings(Map.of(
                                "REDIS_URL", redis.url(),
                                "registry.relay.interval", "100ms",
                                "registry.status.stalled-after", "1s")))) {
            record();
            Eventually.await("idle", () -> relayState(service) == RelayState.IDLE);
            service.jdbc().update("UPDATE outbox SET environment = 'another'");
            service.register("m", "1");

            Eventually.await("a finding", () -> findings(service).contains("delivery of partition 0 stands still"));
            assertThat(findings(service)).contains("does not relay partition 0", "another");
            assertThat(text(service, "/status")).isEqualTo("degraded");
            assertThat(gauge(service, "registry.outbox.stalled")).isEqualTo(1);
            assertThat(lines(Level.ERROR)).singleElement().asString().contains("stands still", "not_relaying");

            service.jdbc().update("UPDATE outbox SET environment = NULL");

            Eventually.await("delivered", () -> text(service, "/status").equals("healthy"));
            assertThat(gauge(service, "registry.outbox.stalled")).isZero();
            assertThat(lines(Level.INFO))
                    .filteredOn(line -> line.contains("does not stand still any more"))
                    .hasSize(1);
        }
    }

    @Test
    void a_lock_that_nobody_gives_back_is_delivery_that_stands_still_and_redis_being_away_is_not() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.H2,
                        settings(Map.of(
                                "REDIS_URL", redis.url(),
                                "registry.relay.interval", "100ms",
                                "registry.queue.command-timeout", "300ms",
                                "registry.queue.connect-timeout", "300ms",
                                "registry.status.stalled-after", "1s")))) {
            Eventually.await("idle", () -> relayState(service) == RelayState.IDLE);
            redis.kill();
            service.register("m", "1");
            Eventually.await("Redis is away", () -> relayState(service) == RelayState.WAITING);
            Eventually.await(
                    "waited for longer than the limit",
                    () -> details(service).get("oldest_pending_age_ms").longValue() > 2_000);
            assertThat(findings(service)).contains("Redis takes nothing").doesNotContain("stands still");

            service.jdbc().update("DELETE FROM shedlock");
            service.jdbc().update("""
                            INSERT INTO shedlock (name, lock_until, locked_at, locked_by)
                            VALUES ('relay-0', DATEADD('SECOND', 25, CURRENT_TIMESTAMP AT TIME ZONE 'UTC'), CURRENT_TIMESTAMP, 'gone')
                            """);
            redis.restart();

            Eventually.await("a finding", () -> findings(service).contains("stands still"));
            service.jdbc().update("DELETE FROM shedlock");
            Eventually.await("delivered", () -> text(service, "/status").equals("healthy"));
        }
    }

    @Test
    void several_rewinds_within_an_hour_are_a_finding() {
        try (RunningService service = RunningService.on(TestDatabase.H2, settings(Map.of()))) {
            String rewind = """
                    INSERT INTO outbox_rewind (partition_id, delivery_no, from_position, to_position, reason, instance, rewound_at)
                    VALUES (0, 1, ?, 10, 'test', 'test', DATEADD('MINUTE', ?, CURRENT_TIMESTAMP))
                    """;
            service.jdbc().update(rewind, 20, -1);
            service.jdbc().update(rewind, 20, -59);
            service.jdbc().update(rewind, 20, -61);
            service.jdbc().update(rewind, 10, -1);
            for (int partition = 1; partition < 4; partition++) { // as one failover does
                service.jdbc().update(rewind.replace("VALUES (0", "VALUES (" + partition), 20, -1);
            }
            Instant before = Instant.now();
            Eventually.await("sampled", () -> sampledAt(service).isAfter(before));
            assertThat(findings(service)).doesNotContain("different Redis servers");

            service.jdbc().update(rewind, 30, -2);

            Eventually.await("a finding", () -> findings(service).contains("different Redis servers"));
        }
    }

    @Test
    void the_transaction_that_keeps_ids_from_settling_is_named() throws Exception {
        String url = postgres.newUrl();
        SettableClock clock = new SettableClock();
        try (RunningService service = onOwnServer(Map.of("spring.datasource.url", url));
                Connection session = DriverManager.getConnection(url + "&ApplicationName=forgotten", "postgres", "")) {
            SettlingWatch watch =
                    new SettlingWatch(JdbcClient.create(service.jdbc()), service.bean(SqlDialect.class), clock);
            session.setAutoCommit(false);
            try (Statement statement = session.createStatement()) {
                statement.execute("INSERT INTO model (name) VALUES ('forgotten')");
            }
            claim(service, 1, 5);
            assertThat(watch.look()).isNull();
            clock.advance(Duration.ofSeconds(61));
            assertThat(watch.look()).as("nothing was claimed meanwhile").isNull();
            claim(service, 2, 6);

            assertThat(watch.look())
                    .contains(
                            "settled_id of partition 0",
                            "application forgotten",
                            "user postgres",
                            "pg_terminate_backend");

            session.rollback();
            assertThat(watch.look()).isNull();

            try (Statement statement = session.createStatement()) {
                statement.execute("INSERT INTO model (name) VALUES ('forgotten')");
                statement.execute("PREPARE TRANSACTION 'orphan'");
            }
            try {
                assertThat(watch.look()).isNull();
                claim(service, 3, 7);
                assertThat(watch.look()).as("not long enough").isNull();
                clock.advance(Duration.ofSeconds(61));
                assertThat(watch.look()).contains("prepared transaction 'orphan'", "ROLLBACK PREPARED 'orphan'");
            } finally {
                service.jdbc().execute("ROLLBACK PREPARED 'orphan'");
            }
        }
    }

    private static void claim(RunningService service, int position, int id) {
        service.jdbc().update("""
                        INSERT INTO outbox_batch (partition_id, first_position, last_position, batch_id, history_id, message_ids,
                                                  lowest_id, highest_id, settled_id, claimed_by)
                        VALUES (0, ?, ?, ?, 1, ARRAY[CAST(? AS BIGINT)], ?, ?, 0, 'test')
                        """, position, position, position, id, id, id);
    }

    @Test
    void it_can_be_stopped_and_started_again_and_the_last_report_says_shut_down() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.H2,
                        settings(Map.of("REDIS_URL", redis.url(), "registry.status.report-interval", "30s")))) {
            Relay relay = service.bean(Relay.class);
            StatusSampler sampler = service.bean(StatusSampler.class);
            for (int time = 1; time <= 2; time++) {
                Eventually.await("reported", () -> reportedState(service).equals("idle"));

                relay.stop();
                sampler.stop();

                assertThat(sampler.isRunning()).isFalse();
                assertThat(reportedState(service)).isEqualTo("shut_down");

                Instant stopped = Instant.now();
                sampler.start();
                relay.start();
                Eventually.await("sampled", () -> sampledAt(service).isAfter(stopped));
                assertThat(ready(service)).isTrue();
            }
        }
    }

    @Test
    void what_the_last_outage_wrote_no_line_for_is_not_the_next_ones() {
        try (TestRedis redis = TestRedis.start();
                RunningService service = RunningService.on(
                        TestDatabase.H2,
                        settings(Map.of(
                                "REDIS_URL", redis.url(),
                                "registry.relay.interval", "100ms",
                                "registry.relay.max-backoff", "500ms",
                                "registry.queue.command-timeout", "300ms",
                                "registry.queue.connect-timeout", "300ms")))) {
            record();
            StatusCache cache = service.bean(StatusCache.class);
            OutageLog outages = new OutageLog(cache);
            CommittedMessage message = new CommittedMessage(new NewMessage(UUID.randomUUID(), "m", "t", "{}"), 0);
            redis.kill();
            Eventually.await("away", cache::redisIsAway);
            for (int n = 0; n < 1_000; n++) {
                outages.committed(message);
            }
            assertThat(lines(Level.INFO)).hasSizeBetween(OutageLog.LINES_PER_SECOND, 500);
            redis.restart();
            Eventually.await("back", () -> !cache.redisIsAway());
            outages.committed(message);
            assertThat(lines(Level.INFO)).last().asString().contains("more messages waited");
            assertThat(accountedFor()).isEqualTo(1_000);

            redis.kill();
            Eventually.await("away again", cache::redisIsAway);
            logged.list.clear();
            AtomicInteger messages = new AtomicInteger();
            Eventually.await("a line", () -> {
                messages.incrementAndGet();
                outages.committed(message);
                return accountedFor() > 0;
            });

            assertThat(lines(Level.INFO)).last().asString().contains("waits in the outbox");
            assertThat(accountedFor()).isEqualTo(messages.get());
        }
    }

    /** Messages that have a line of their own, or are summed up in one. */
    private long accountedFor() {
        return List.copyOf(logged.list).stream()
                .map(ILoggingEvent::getKeyValuePairs)
                .filter(Objects::nonNull)
                .flatMap(List::stream)
                .mapToLong(pair -> switch (pair.key) {
                    case "message_id" -> 1;
                    case "messages" -> ((Number) pair.value).longValue();
                    default -> 0;
                })
                .sum();
    }

    private static Map<String, String> settings(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(Map.of("registry.status.interval", "100ms"));
        all.putAll(more);
        return all;
    }

    private static Map<String, String> withLockTimeout(String url, String timeout) {
        return Map.of(
                "spring.datasource.url",
                url,
                "spring.datasource.hikari.connection-init-sql",
                "SET lock_timeout = '" + timeout + "'");
    }

    private static RunningService onOwnServer(Map<String, String> more) {
        Map<String, String> all = settings(Map.of("spring.datasource.url", postgres.newUrl()));
        all.putAll(more);
        return RunningService.on(TestDatabase.POSTGRESQL, all);
    }

    private static void assertReadyFor(RunningService service, Duration duration) {
        long deadline = System.nanoTime() + duration.toNanos();
        while (System.nanoTime() - deadline < 0) {
            assertThat(ready(service)).isTrue();
            LockSupport.parkNanos(20_000_000);
        }
    }

    private static boolean ready(RunningService service) {
        return service.get("/ready").statusCode() == 200;
    }

    private static String text(RunningService service, String pointer) {
        return JSON.readTree(service.get("/health").body()).at(pointer).stringValue();
    }

    private static JsonNode details(RunningService service) {
        return JSON.readTree(service.get("/health?detailed=true").body()).get("details");
    }

    private static String findings(RunningService service) {
        return details(service).get("findings").toString();
    }

    private static Instant sampledAt(RunningService service) {
        Instant sampledAt = service.bean(StatusCache.class).current().sampledAt();
        return sampledAt == null ? Instant.MIN : sampledAt;
    }

    private static RelayState relayState(RunningService service) {
        return service.bean(Relay.class).statuses().get(0).state();
    }

    private static String reportedState(RunningService service) {
        return String.join(
                ",",
                service.jdbc().queryForList("SELECT state FROM outbox_relay WHERE partition_id = 0", String.class));
    }

    private static double gauge(RunningService service, String name) {
        return service.bean(MeterRegistry.class).get(name).gauge().value();
    }

    private List<String> lines(Level level) {
        return List.copyOf(logged.list).stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private long count(Level level, String text) {
        return lines(level).stream().filter(line -> line.contains(text)).count();
    }
}

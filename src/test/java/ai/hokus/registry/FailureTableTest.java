package ai.hokus.registry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.queue.QueueUnavailableException.Cause;
import ai.hokus.registry.relay.BreakerState;
import ai.hokus.registry.relay.Relay;
import ai.hokus.registry.relay.RelayState;
import ai.hokus.registry.relay.RelayStatus;
import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.FaultyWire;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestCertificate;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The failure table, row by row, with the whole service and a Redis of each test's own: registrations go on, the partition
 * waits and says why, nothing is given up; afterwards the backlog drains by itself, in order and once.
 */
class FailureTableTest {

    private static final JsonMapper JSON = new JsonMapper();

    /** Of Redis. A registration that waited for it would take longer than this. */
    private static final Duration TIMEOUT = Duration.ofMillis(300);

    private static final int MODELS = 3;
    private static final int SOME = 9;

    private final String queue = TestRedis.freshName("table");
    private final List<AutoCloseable> toClose = new ArrayList<>();
    /** MODEL/VERSION, in the order in which they were accepted. */
    private final List<String> accepted = new ArrayList<>();
    /** How long each took to be accepted while Redis was away. */
    private final List<Duration> answers = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void refused(TestDatabase database) {
        TestRedis redis = start("appendonly yes", "appendfsync always");

        waitsAndDrains(
                database, redis::run, url(redis.url()), redis::kill, redis::restart, Cause.UNREACHABLE, Cause.TIMEOUT);
    }

    @ParameterizedTest
    @EnumSource(TestDatabase.class)
    void hung(TestDatabase database) {
        TestRedis redis = start();

        waitsAndDrains(database, redis::run, url(redis.url()), redis::freeze, redis::resume, Cause.TIMEOUT);
    }

    @Test
    void out_of_memory() {
        TestRedis redis = start();

        waitsAndDrains(
                redis,
                () -> redis.run("CONFIG", "SET", "maxmemory", "1"),
                () -> redis.run("CONFIG", "SET", "maxmemory", "0"),
                Cause.OUT_OF_MEMORY);
    }

    @Test
    void demoted_to_a_replica() {
        TestRedis redis = start();

        waitsAndDrains(
                redis,
                () -> redis.run("REPLICAOF", "127.0.0.1", Integer.toString(TestRedis.freePort())),
                () -> redis.run("REPLICAOF", "NO", "ONE"),
                Cause.READ_ONLY);
    }

    @Test
    void a_password_that_is_asked_for_and_not_known() {
        TestRedis redis = start();
        RedisConnection operator = connect(redis);

        waitsAndDrains(
                TestDatabase.H2,
                operator::command,
                url(redis.url()),
                () -> {
                    operator.command("CONFIG", "SET", "requirepass", "new-password");
                    operator.command("CLIENT", "KILL", "TYPE", "normal");
                },
                () -> operator.command("CONFIG", "SET", "requirepass", ""),
                Cause.AUTHENTICATION);
    }

    @Test
    void a_password_that_was_changed() {
        TestRedis redis = start("requirepass old-password");
        RedisConnection operator = connect(redis);
        operator.command("AUTH", "old-password");

        waitsAndDrains(
                TestDatabase.H2,
                operator::command,
                url("redis://:old-password@127.0.0.1:" + redis.port()),
                () -> {
                    operator.command("CONFIG", "SET", "requirepass", "new-password");
                    operator.command("CLIENT", "KILL", "TYPE", "normal");
                },
                () -> operator.command("CONFIG", "SET", "requirepass", "old-password"),
                Cause.AUTHENTICATION);
    }

    @Test
    void a_right_that_was_taken_away() {
        TestRedis redis = start();

        waitsAndDrains(
                redis,
                () -> redis.run("ACL", "SETUSER", "default", "-lpush"),
                () -> redis.run("ACL", "SETUSER", "default", "+lpush"),
                Cause.PERMISSION);
    }

    @Test
    void a_queue_key_of_another_type() {
        TestRedis redis = start();

        waitsAndDrains(
                redis, () -> redis.run("SET", queue, "no list"), () -> redis.run("DEL", queue), Cause.WRONG_TYPE);
    }

    /** It reads its data again, one key every 20 ms, and answers between the keys. */
    @Test
    void loading() {
        TestRedis redis = start("enable-debug-command yes", "loading-process-events-interval-bytes 1024");
        String kilobyte = "x".repeat(1024);
        try (RedisConnection operator = redis.connect()) {
            for (int key = 0; key < 3000; key++) {
                operator.command("SET", "ballast-" + key, kilobyte + key);
            }
            operator.command("CONFIG", "SET", "rdbcompression", "no");
        }
        List<CompletableFuture<Object>> loading = new ArrayList<>();

        waitsAndDrains(
                redis,
                () -> {
                    redis.run("CONFIG", "SET", "key-load-delay", "20000");
                    loading.add(CompletableFuture.supplyAsync(() -> redis.run("DEBUG", "RELOAD")));
                },
                () -> {
                    redis.run("CONFIG", "SET", "key-load-delay", "0");
                    loading.get(0).join();
                },
                Cause.NOT_READY);
    }

    @Test
    void a_cluster_that_serves_no_slots_any_more() {
        // It serves again no sooner than this after it got its slots back.
        TestRedis redis = start("cluster-enabled yes", "cluster-node-timeout 500");
        serveAllSlots(redis);

        waitsAndDrains(
                redis,
                () -> redis.run("CLUSTER", "DELSLOTSRANGE", "0", "16383"),
                () -> serveAllSlots(redis),
                Cause.NOT_READY);
    }

    @Test
    void a_cluster_that_serves_no_slots_yet() {
        TestRedis redis = start("cluster-enabled yes", "cluster-announce-ip 127.0.0.1");

        try (RunningService service =
                service(TestDatabase.H2, Map.of("REDIS_URL", redis.url(), "REDIS_CLUSTER", "true"))) {
            waits(service, 0, Cause.NOT_READY, Cause.UNREACHABLE);
            serveAllSlots(redis);
            drains(service, redis::run, accepted);
        }
    }

    /** To Redis, a TLS greeting is a command whose end may never come. */
    @Test
    void tls_where_redis_speaks_none() {
        TestRedis redis = start();

        waitsUntilItIsStartedWithAnotherUrl(redis, "rediss://127.0.0.1:" + redis.port(), Cause.TLS, Cause.TIMEOUT);
    }

    @Test
    void no_tls_where_redis_wants_it(@TempDir Path directory) throws Exception {
        int tlsPort = TestRedis.freePort();
        TestRedis redis = startWithTls(directory, tlsPort);

        waitsUntilItIsStartedWithAnotherUrl(redis, "redis://127.0.0.1:" + tlsPort, Cause.UNREACHABLE, Cause.TIMEOUT);
    }

    @Test
    void a_certificate_that_nobody_vouches_for(@TempDir Path directory) throws Exception {
        int tlsPort = TestRedis.freePort();
        TestRedis redis = startWithTls(directory, tlsPort);

        waitsUntilItIsStartedWithAnotherUrl(redis, "rediss://127.0.0.1:" + tlsPort, Cause.TLS);
    }

    @Test
    void an_unknown_host() {
        TestRedis redis = start();

        waitsUntilItIsStartedWithAnotherUrl(
                redis, "redis://no-such-host.invalid:6379", Cause.UNREACHABLE, Cause.TIMEOUT);
    }

    @Test
    void a_connection_that_breaks_in_the_middle_of_every_reply() {
        TestRedis redis = start();
        FaultyWire wire = wire(redis);

        waitsAndDrains(
                TestDatabase.H2,
                redis::run,
                url(wire.url()),
                () -> wire.cutRepliesWithin("*"),
                wire::heal,
                Cause.UNREACHABLE,
                Cause.TIMEOUT);

        assertThat(wire.cuts()).isGreaterThanOrEqualTo(2);
    }

    /** The append happens, and nobody hears of it: what is sent and what is not shows in the checkpoints. */
    @Test
    void a_connection_that_breaks_when_an_append_is_confirmed() {
        TestRedis redis = start();
        FaultyWire wire = wire(redis);
        try (RunningService service = service(TestDatabase.H2, url(wire.url()))) {
            wire.cutRepliesWithin("APPENDED");
            while (wire.cuts() < 3) {
                register(service, 1);
            }
            assertThat(status(service).lastError()).matches("(UNREACHABLE|TIMEOUT): .*");

            wire.heal();

            drains(service, redis::run, accepted);
            assertThat(count(service, "outbox_rewind")).isZero();
        }
    }

    @Test
    void slower_than_the_timeout() {
        TestRedis redis = start();
        FaultyWire wire = wire(redis);

        waitsAndDrains(
                TestDatabase.H2,
                redis::run,
                url(wire.url()),
                () -> wire.delayReplies(TIMEOUT.multipliedBy(3)),
                wire::heal,
                Cause.TIMEOUT);
    }

    @Test
    void slow_but_within_the_timeout_is_no_failure() {
        TestRedis redis = start();
        FaultyWire wire = wire(redis);
        wire.delayReplies(Duration.ofMillis(100));
        Map<String, String> patient = Map.of(
                "REDIS_URL", wire.url(),
                "registry.queue.connect-timeout", "20s",
                "registry.queue.command-timeout", "20s",
                "registry.relay.lock-at-most-for", "2m");
        try (RunningService service = service(TestDatabase.H2, patient)) {
            register(service, SOME);

            drains(service, redis::run, accepted);
            assertThat(status(service).lastError()).isNull();
        }
    }

    @Test
    void wiped() {
        TestRedis redis = start();

        isSentAgain(redis, () -> redis.run("FLUSHALL"));
    }

    @Test
    void restarted_without_its_data() {
        TestRedis redis = start();

        isSentAgain(redis, () -> {
            redis.kill();
            redis.restart();
        });
    }

    private void waitsAndDrains(TestRedis redis, Runnable strike, Runnable heal, Cause... causes) {
        waitsAndDrains(TestDatabase.H2, redis::run, url(redis.url()), strike, heal, causes);
    }

    private void waitsAndDrains(
            TestDatabase database,
            Commands redis,
            Map<String, String> settings,
            Runnable strike,
            Runnable heal,
            Cause... causes) {
        try (RunningService service = service(database, settings)) {
            register(service, MODELS);
            drains(service, redis, accepted);

            strike.run();
            waits(service, MODELS, causes);
            heal.run();

            drains(service, redis, accepted.subList(MODELS, accepted.size()));
            assertThat(count(service, "outbox_rewind")).isZero();
        }
    }

    /** What Redis had is lost with what consumers had not taken: all that is retained comes again, in its order. */
    private void isSentAgain(TestRedis redis, Runnable strike) {
        try (RunningService service = service(TestDatabase.H2, url(redis.url()))) {
            register(service, MODELS);
            drains(service, redis::run, accepted);
            register(service, MODELS);
            awaitDrained(service);

            strike.run();
            register(service, MODELS);
            Eventually.await("found out", () -> count(service, "outbox_rewind") == 1, () -> status(service));

            drains(service, redis::run, accepted);
            assertThat(count(service, "outbox_rewind")).isEqualTo(1);
        }
    }

    private void waitsUntilItIsStartedWithAnotherUrl(TestRedis redis, String wrongUrl, Cause... causes) {
        Map<String, String> settings =
                new HashMap<>(Map.of("spring.datasource.url", TestDatabase.H2.newUrl(), "REDIS_URL", wrongUrl));
        try (RunningService service = service(TestDatabase.H2, settings)) {
            waits(service, 0, causes);
        }
        settings.put("REDIS_URL", redis.url());
        try (RunningService service = service(TestDatabase.H2, settings)) {
            drains(service, redis::run, accepted);
        }
    }

    /** The fault is there, and stays. */
    private void waits(RunningService service, int delivered, Cause... causes) {
        register(service, SOME);
        Eventually.await("waiting", () -> isWaiting(service, causes), () -> status(service));
        register(service, SOME);
        Eventually.await("still waiting", () -> isWaiting(service, causes), () -> status(service));

        assertThat(median(answers.subList(delivered, answers.size())))
                .as("registrations do not wait for Redis: %s", answers)
                .isLessThan(TIMEOUT);
        HttpResponse<String> health = service.get("/health");
        assertThat(health.statusCode()).isEqualTo(200);
        assertThat(health.body()).contains("\"status\":\"degraded\"").contains("\"redis\":\"unhealthy\"");
        assertThat(service.get("/ready").statusCode()).isEqualTo(200);
        assertThat(pending(service)).isEqualTo(2 * SOME);
        assertNothingGivenUp(service);
    }

    private static boolean isWaiting(RunningService service, Cause... causes) {
        RelayStatus status = status(service);
        String error = status.lastError();
        return status.state() == RelayState.WAITING
                && service.bean(Relay.class).breaker() == BreakerState.OPEN
                && error != null
                && Arrays.stream(causes).anyMatch(cause -> error.startsWith(cause + ": "));
    }

    /** By itself, in order, once. */
    private void drains(RunningService service, Commands redis, List<String> expected) {
        awaitDrained(service);
        assertThat(takeAll(redis)).containsExactlyElementsOf(expected);
        assertNothingGivenUp(service);
    }

    private static void awaitDrained(RunningService service) {
        Eventually.await(
                "drained",
                () -> pending(service) == 0
                        && status(service).state() == RelayState.IDLE
                        && service.bean(Relay.class).breaker() == BreakerState.CLOSED,
                () -> status(service));
    }

    private static void assertNothingGivenUp(RunningService service) {
        assertThat(count(service, "outbox_parked")).isZero();
    }

    private void register(RunningService service, int registrations) {
        for (int n = 0; n < registrations; n++) {
            String model = "model-" + accepted.size() % MODELS;
            String version = Integer.toString(accepted.size());
            long start = System.nanoTime();
            service.register(model, version);
            answers.add(Duration.ofNanos(System.nanoTime() - start));
            accepted.add(model + "/" + version);
        }
    }

    /** As consumers do: MODEL/VERSION of everything that is in the queue. */
    private List<String> takeAll(Commands redis) {
        List<String> taken = new ArrayList<>();
        for (Object element = redis.run("RPOP", queue); element != null; element = redis.run("RPOP", queue)) {
            JsonNode payload = JSON.readTree((String) element).get("payload");
            taken.add(payload.get("model_name").stringValue() + "/"
                    + payload.get("model_version").stringValue());
        }
        return taken;
    }

    private RunningService service(TestDatabase database, Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "registry.queue.name",
                queue,
                "registry.queue.connect-timeout",
                TIMEOUT.toMillis() + "ms",
                "registry.queue.command-timeout",
                TIMEOUT.toMillis() + "ms",
                "registry.relay.interval",
                "100ms",
                "registry.relay.initial-backoff",
                "100ms",
                "registry.relay.max-backoff",
                "500ms"));
        all.putAll(settings);
        return RunningService.on(database, all);
    }

    private static RelayStatus status(RunningService service) {
        return service.bean(Relay.class).statuses().get(0);
    }

    private static long pending(RunningService service) {
        return service.jdbc().queryForObject("SELECT sum(pending) FROM outbox_status", Long.class);
    }

    private static int count(RunningService service, String table) {
        return service.jdbc().queryForObject("SELECT count(*) FROM " + table, Integer.class);
    }

    private static Duration median(List<Duration> durations) {
        return durations.stream().sorted().toList().get(durations.size() / 2);
    }

    private static Map<String, String> url(String redis) {
        return Map.of("REDIS_URL", redis);
    }

    private static void serveAllSlots(TestRedis redis) {
        redis.run("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
        Eventually.await(
                "the cluster serves", () -> ((String) redis.run("CLUSTER", "INFO")).contains("cluster_state:ok"));
    }

    private TestRedis start(String... config) {
        return toBeClosed(TestRedis.start(config));
    }

    /** TLS on one port, none on its usual one. */
    private TestRedis startWithTls(Path directory, int tlsPort) throws Exception {
        TestCertificate own = TestCertificate.selfSigned(directory);
        return start(
                "tls-port " + tlsPort,
                "tls-cert-file " + own.certificate(),
                "tls-key-file " + own.key(),
                "tls-ca-cert-file " + own.certificate(),
                "tls-auth-clients no");
    }

    private RedisConnection connect(TestRedis redis) {
        return toBeClosed(redis.connect());
    }

    private FaultyWire wire(TestRedis redis) {
        return toBeClosed(FaultyWire.to(redis));
    }

    private <T extends AutoCloseable> T toBeClosed(T resource) {
        toClose.add(0, resource);
        return resource;
    }

    /** An operator's or a consumer's way to Redis. */
    private interface Commands {

        Object run(String... words);
    }
}

package ai.hokus.registry.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.registry.support.Eventually;
import ai.hokus.registry.support.RedisConnection;
import ai.hokus.registry.support.RunningService;
import ai.hokus.registry.support.TestDatabase;
import ai.hokus.registry.support.TestRedis;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole service with a real Redis and consumers like the original's, which finish, fail or die. */
class LastMileTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String QUEUE = "hokusai:model_ready_queue";
    private static final String PROCESSING = QUEUE + ":processing";
    private static final String DLQ = QUEUE + ":dlq";

    private final TestRedis redis = TestRedis.start();
    private final RedisConnection consumer = redis.connect();

    @AfterEach
    void stop() {
        consumer.close();
        redis.close();
    }

    @Test
    void what_consumers_have_taken_and_left_is_seen_everywhere() {
        try (RunningService service = service(Map.of("registry.consumers.stuck-after", "50ms"))) {
            registerAll(service, 1);
            // Of what waits at the first look, it is not known whether it was put back.
            Eventually.await(
                    "seen in the queue",
                    () -> consumers(service).at("/main/depth").asInt() == 1);
            registerAll(service, 5);
            String stuck = take();
            String dead = take();
            giveUp(dead, dead);
            String wrapped = take();
            giveUp(wrapped, wrapped(wrapped));
            finish(take());
            consumer.command("LPUSH", DLQ, "not a message");
            Eventually.await(
                    "seen",
                    () -> consumers(service).at("/processing/elements/0/stuck").asBoolean(false)
                            && consumers(service).at("/dlq/depth").asInt() == 3
                            && !consumers(service).at("/commit_to_taken_ms/p50").isNull(),
                    () -> consumers(service));

            JsonNode seen = consumers(service);
            assertThat(seen.get("sampled_at").isNull()).isFalse();
            assertThat(seen.get("unavailable_reason").isNull()).isTrue();
            assertThat(seen.at("/main/depth").asInt()).isEqualTo(1);
            assertThat(seen.at("/processing/depth").asInt()).isEqualTo(1);
            assertThat(seen.at("/processing/elements/0").propertyNames())
                    .containsExactlyInAnyOrder("message_id", "model_id", "retry_count", "seen_since", "stuck");
            assertThat(text(seen, "/processing/elements/0/message_id")).isEqualTo(id(stuck));
            assertThat(text(seen, "/processing/elements/0/model_id")).isEqualTo("model/1/T");
            assertThat(text(seen, "/processing/oldest_seen_at"))
                    .isEqualTo(text(seen, "/processing/elements/0/seen_since"));
            assertThat(text(seen, "/dlq/elements/0/message_id")).isEqualTo(id(dead));
            assertThat(text(seen, "/dlq/elements/1/message_id")).isEqualTo(id(wrapped));
            assertThat(text(seen, "/dlq/elements/1/error")).isEqualTo("boom");
            assertThat(text(seen, "/dlq/elements/1/failed_at")).isEqualTo("2026-11-25T10:00:00Z");
            assertThat(seen.at("/dlq/elements/2/message_id").isNull()).isTrue();
            assertThat(seen.at("/dlq/unreadable").asInt()).isEqualTo(1);

            JsonNode depths = JSON.readTree(service.get("/health?detailed=true").body())
                    .at("/services/message_queue_details/queue_depths");
            assertThat(depths.toString()).isEqualTo("{\"main\":1,\"processing\":1,\"dlq\":3}");
            assertThat(JSON.readTree(service.get("/health").body())
                            .get("services")
                            .propertyNames())
                    .doesNotContain("message_queue_details");
            assertThat(JSON.readTree(service.get("/health").body())
                            .get("status")
                            .stringValue())
                    .isEqualTo("healthy");

            JsonNode life = life(service, stuck);
            assertThat(life.get("taken").booleanValue()).isTrue();
            assertThat(life.get("taken_at").isNull()).isFalse();
            assertThat(life.get("stuck_since").isNull()).isFalse();
            assertThat(life.get("dead_lettered_at").isNull()).isTrue();
            assertThat(life(service, waiting()).get("taken").booleanValue()).isFalse();
            life = life(service, wrapped);
            assertThat(life.get("stuck_since").isNull()).isTrue();
            assertThat(life.get("dead_lettered_at").stringValue()).isEqualTo("2026-11-25T10:00:00Z");

            String prometheus = service.get("/actuator/prometheus").body();
            assertThat(prometheus)
                    .contains("registry_consumer_processing_depth_elements 1.0")
                    .contains("registry_consumer_dlq_depth_elements 3.0")
                    .containsPattern("registry_consumer_processing_oldest_age_seconds 0?\\.?[0-9]")
                    .containsPattern("registry_consumer_taken_latency_p99_seconds [0-9]");
        }
    }

    @Test
    void what_a_dead_consumer_left_goes_back_and_is_taken_next() {
        try (RunningService service = service(Map.of())) {
            registerAll(service, 3);
            // What was taken before the first look was taken at a time that is not known.
            Eventually.await(
                    "seen in the queue",
                    () -> consumers(service).at("/main/depth").asInt() == 3);
            String stuck = take();
            Eventually.await(
                    "seen", () -> consumers(service).at("/processing/depth").asInt() == 1);

            HttpResponse<String> tooEarly = putBack(service, """
                    {"list":"processing","message_id":"%s","reason":"why"}""".formatted(id(stuck)));
            assertThat(tooEarly.statusCode()).isEqualTo(409);
            assertThat(tooEarly.body()).contains("for less than PT15M");

            HttpResponse<String> dry = putBack(service, """
                    {"list":"processing","all":true,"older_than":"PT0S","reason":"why","dry_run":true}""");
            assertThat(dry.body())
                    .contains("\"messages\":1", "\"executed\":false", "is processed twice", "order of a model");
            assertThat(consumer.command("LLEN", PROCESSING)).isEqualTo(1L);

            HttpResponse<String> done = putBack(service, """
                    {"list":"processing","message_id":"%s","older_than":"PT0S","reason":"it died"}""".formatted(id(stuck)));
            assertThat(done.statusCode()).as(done.body()).isEqualTo(200);
            assertThat(done.body()).contains("\"messages\":1", "\"executed\":true");
            Eventually.await(
                    "may be in the queue again",
                    () -> life(service, stuck).get("taken").isNull());
            assertThat(life(service, stuck).get("taken_at").isNull()).isFalse();
            assertThat(take()).isEqualTo(stuck);

            finish(stuck);
            HttpResponse<String> again = putBack(service, """
                    {"list":"processing","message_id":"%s","older_than":"PT0S","reason":"it died"}""".formatted(id(stuck)));
            assertThat(again.statusCode()).isEqualTo(404);
            assertThat(service.jdbc()
                            .queryForList(
                                    "SELECT operation || ': ' || target || ', ' || reason || ', ' || message_count || ' ' || message_id"
                                            + " FROM outbox_operation",
                                    String.class))
                    .containsExactly("put_back: processing: message " + id(stuck)
                            + ", seen there for PT0S or longer, it died, 1 " + id(stuck));
            assertThat(service.jdbc().queryForObject("SELECT count(*) FROM outbox_rewind", Long.class))
                    .as("checkpoints are untouched")
                    .isZero();
        }
    }

    @Test
    void what_was_put_back_and_taken_again_at_once_is_not_stuck_any_more() {
        try (RunningService service = service(Map.of("registry.consumers.stuck-after", "12s"))) {
            registerAll(service, 1);
            String stuck = take();
            Eventually.await(
                    "stuck",
                    () -> consumers(service).at("/processing/elements/0/stuck").asBoolean(false));
            String all = "{\"list\":\"processing\",\"all\":true,\"reason\":\"its consumer died\"}";
            try (RedisConnection second = redis.connect()) {
                Thread idle = new Thread(() -> second.command("BRPOPLPUSH", QUEUE, PROCESSING, "10"));
                idle.start();
                assertThat(putBack(service, all).body()).contains("\"messages\":1", "\"executed\":true");
                Eventually.await(
                        "taken again",
                        () -> consumer.texts("LRANGE", PROCESSING, "0", "-1").contains(stuck));
            }

            // On a slow machine it may take seconds until here.
            assertThat(putBack(service, all).body()).contains("\"executed\":false", "seen for less than PT12S");
            Eventually.await(
                    "not stuck",
                    () -> !consumers(service).at("/processing/elements/0/stuck").asBoolean(true));
        }
    }

    @Test
    void a_put_back_that_redis_broke_off_is_not_said_to_be_done_and_another_key_does_it() {
        try (RunningService service = service(Map.of())) {
            registerAll(service, 1);
            String dead = take();
            giveUp(dead, dead);
            String all = "{\"list\":\"dlq\",\"all\":true,\"reason\":\"fixed\"}";
            consumer.command("ACL", "SETUSER", "default", "-rpush"); // the look is allowed, the step after it is not

            HttpResponse<String> failed = service.postUnder("first", "/outbox/put-back", all);
            consumer.command("ACL", "SETUSER", "default", "+rpush");

            assertThat(failed.statusCode()).isEqualTo(503);
            assertThat(failed.body()).contains("under another Idempotency-Key if one was sent");
            assertThat(service.postUnder("first", "/outbox/put-back", all).body())
                    .contains("\"executed\":false", "This was begun under the same Idempotency-Key")
                    .contains("Messages on record: 0. If Redis or the service failed meanwhile");
            assertThat(consumer.command("LLEN", DLQ)).isEqualTo(1L);
            assertThat(service.postUnder("second", "/outbox/put-back", all).body())
                    .contains("\"executed\":true", "\"messages\":1");
        }
    }

    /** RPUSH fails with an error that could also come after it. */
    @Test
    void what_perhaps_went_back_is_on_record() {
        try (TestRedis other = TestRedis.start("rename-command RPUSH \"\"");
                RedisConnection connection = other.connect();
                RunningService service = service(Map.of("REDIS_URL", other.url()))) {
            connection.command("LPUSH", DLQ, "{\"message_id\":\"m\"}");

            String all = "{\"list\":\"dlq\",\"all\":true,\"reason\":\"fixed\"}";
            assertThat(service.postUnder("key", "/outbox/put-back", all).statusCode())
                    .isEqualTo(503);

            assertThat(service.postUnder("key", "/outbox/put-back", all).body())
                    .contains("Messages on record: 1. If Redis or the service failed meanwhile, they may have stayed.");
        }
    }

    @Test
    void consumers_that_wait_are_given_the_oldest_first() throws InterruptedException {
        try (RunningService service = service(Map.of());
                RedisConnection waiting = redis.connect()) {
            List.of("1", "2", "3").forEach(id -> consumer.command("LPUSH", DLQ, "{\"message_id\":\"" + id + "\"}"));
            Thread idle = new Thread(() -> {
                for (int n = 0; n < 3; n++) {
                    waiting.command("BRPOPLPUSH", QUEUE, "taken", "10");
                }
            });
            idle.start();

            assertThat(putBack(service, "{\"list\":\"dlq\",\"all\":true,\"reason\":\"fixed\"}")
                            .body())
                    .contains("\"messages\":3");

            idle.join();
            assertThat(consumer.texts("LRANGE", "taken", "0", "-1"))
                    .containsExactly("{\"message_id\":\"3\"}", "{\"message_id\":\"2\"}", "{\"message_id\":\"1\"}");
        }
    }

    @Test
    void of_a_long_list_it_says_what_stays_and_a_dry_run_says_the_same() {
        try (RunningService service = service(Map.of())) {
            deadLetters(600, "not a message");
            deadLetters(900, "{\"message_id\":\"m\"}");
            String all = "{\"list\":\"dlq\",\"all\":true,\"reason\":\"fixed\",\"dry_run\":%b}";

            assertThat(putBack(service, all.formatted(true)).body())
                    .contains("\"messages\":400", "unreadable as a message: 600 elements", "of the list: 500 elements");
            assertThat(putBack(service, all.formatted(false)).body())
                    .contains("\"messages\":400", "unreadable as a message: 600 elements", "of the list: 500 elements")
                    .contains(
                            "Ask again for them, with another Idempotency-Key or with none. The unreadable ones take");
            assertThat(consumer.command("LLEN", QUEUE)).isEqualTo(400L);

            consumer.command("DEL", DLQ);
            deadLetters(1_000, "not a message");
            deadLetters(1, "{\"message_id\":\"m\"}");
            assertThat(putBack(service, all.formatted(false)).body())
                    .contains("Nothing to put back from dlq", "The unreadable ones take their places")
                    .doesNotContain("Ask again");
        }
    }

    private void deadLetters(int count, String element) {
        for (int n = 0; n < count; n++) {
            consumer.command("LPUSH", DLQ, element);
        }
    }

    @Test
    void dead_letters_go_back_with_their_retries_forgotten_whatever_the_capacity() {
        try (RunningService service = service(Map.of("registry.queue.capacity", "2"))) {
            service.register("model", "1");
            service.register("model", "2");
            awaitDepth(2);
            String first = take().replace("\"retry_count\":0", "\"retry_count\":3");
            String second = take();
            consumer.command("DEL", PROCESSING);
            consumer.command("LPUSH", DLQ, first);
            consumer.command("LPUSH", DLQ, wrapped(second));
            consumer.command("LPUSH", DLQ, "not a message");
            service.register("model", "3");
            service.register("model", "4");
            awaitDepth(2);

            HttpResponse<String> done = putBack(service, """
                    {"list":"dlq","all":true,"reason":"fixed"}""");

            assertThat(done.body()).contains("\"messages\":2");
            assertThat(consumer.texts("LRANGE", DLQ, "0", "-1")).containsExactly("not a message");
            assertThat(consumer.command("LLEN", QUEUE)).isEqualTo(4L);
            assertThat(take()).isEqualTo(first.replace("\"retry_count\":3", "\"retry_count\":0"));
            assertThat(take()).isEqualTo(second);
            assertThat(putBack(service, """
                            {"list":"dlq","all":true,"reason":"fixed"}""").body())
                    .contains("\"executed\":false", "Left there, unreadable as a message: 1 element");
            take();
            take();
            service.register("model", "5");
            awaitDepth(1);
        }
    }

    @Test
    void a_request_that_cannot_be_meant_is_refused() {
        try (RunningService service = service(Map.of())) {
            for (String body : List.of(
                    "{\"list\":\"main\",\"all\":true,\"reason\":\"r\"}",
                    "{\"all\":true,\"reason\":\"r\"}",
                    "{\"list\":\"dlq\",\"reason\":\"r\"}",
                    "{\"list\":\"dlq\",\"all\":true,\"message_id\":\"m\",\"reason\":\"r\"}",
                    "{\"list\":\"dlq\",\"all\":true,\"older_than\":\"PT1M\",\"reason\":\"r\"}",
                    "{\"list\":\"dlq\",\"all\":true}",
                    "{\"list\":\"processing\",\"all\":true,\"older_than\":\"15m\",\"reason\":\"r\"}")) {
                assertThat(putBack(service, body).statusCode()).as(body).isEqualTo(422);
            }
        }
    }

    /** Redis loses everything while some are done, some with a consumer, some dead, and some in the queue. */
    @Test
    void when_redis_lost_everything_what_was_not_done_comes_again_and_the_rewind_says_how_many_were_done() {
        try (RunningService service = service(Map.of())) {
            registerAll(service, 10);
            Set<String> undone = new HashSet<>();
            for (int n = 0; n < 4; n++) {
                finish(take());
            }
            undone.add(id(take()));
            undone.add(id(take()));
            String dead = take();
            undone.add(id(dead));
            giveUp(dead, wrapped(dead));
            consumer.texts("LRANGE", QUEUE, "0", "-1").forEach(element -> undone.add(id(element)));
            assertThat(undone).hasSize(6);
            Eventually.await(
                    "seen",
                    () -> consumers(service).at("/main/depth").asInt() == 3
                            && consumers(service).at("/processing/depth").asInt() == 2
                            && consumers(service).at("/dlq/depth").asInt() == 1,
                    () -> consumers(service));

            consumer.command("FLUSHALL");
            Eventually.await("sent again", () -> depth() == 10);

            Set<String> again = new HashSet<>();
            consumer.texts("LRANGE", QUEUE, "0", "-1").forEach(element -> again.add(id(element)));
            assertThat(again).containsAll(undone);
            Eventually.await("said", () -> rewind(service).get("certainly_done") != null, () -> rewind(service));
            assertThat(rewind(service))
                    .containsEntry("message_count", 10L)
                    .containsEntry("certainly_done", 4L)
                    .containsEntry("possibly_done", 6L);
        }
    }

    @Test
    void without_the_right_to_look_it_says_so_and_delivers_all_the_same() {
        consumer.command(
                "ACL",
                "SETUSER",
                "relay",
                "on",
                ">secret",
                "~" + QUEUE,
                "~{" + QUEUE + "}:outbox:*",
                "-@all",
                "+ping",
                "+eval",
                "+lindex",
                "+llen",
                "+linsert",
                "+lrange",
                "+ltrim",
                "+lpush");
        try (RunningService service = service(Map.of("REDIS_USERNAME", "relay", "REDIS_AUTH_TOKEN", "secret"))) {
            service.register("model", "1");
            awaitDepth(1);
            Eventually.await(
                    "said",
                    () -> text(consumers(service), "/unavailable_reason").contains("NOPERM"),
                    () -> consumers(service));

            assertThat(consumers(service).at("/processing/depth").isNull()).isTrue();
            assertThat(JSON.readTree(service.get("/health?detailed=true").body())
                            .at("/services/message_queue_details/queue_depths")
                            .toString())
                    .isEqualTo("{\"main\":null,\"processing\":null,\"dlq\":null}");
            assertThat(service.get("/actuator/prometheus").body())
                    .contains("registry_consumer_processing_depth_elements NaN");
            assertThat(putBack(service, """
                            {"list":"dlq","all":true,"reason":"r"}""").statusCode()).isEqualTo(503);

            consumer.command("ACL", "SETUSER", "relay", "~" + QUEUE + ":*");
            Eventually.await(
                    "known", () -> consumers(service).at("/processing/depth").isNumber());
        }
    }

    @Test
    void while_redis_is_away_nothing_is_known_and_then_it_is_again() {
        try (RunningService service = service(Map.of())) {
            Eventually.await("known", () -> consumers(service).at("/main/depth").isNumber());

            redis.kill();
            Eventually.await(
                    "unknown", () -> consumers(service).at("/main/depth").isNull());
            assertThat(text(consumers(service), "/unavailable_reason")).contains("Redis at");
            assertThat(consumers(service).get("sampled_at").isNull()).isFalse();

            redis.restart();
            Eventually.await(
                    "known again", () -> consumers(service).at("/main/depth").isNumber());
        }
    }

    @Test
    void without_a_redis_and_where_it_is_switched_off_it_says_so() {
        try (RunningService service = RunningService.on(TestDatabase.H2, Map.of())) {
            assertThat(text(consumers(service), "/unavailable_reason")).isEqualTo("no Redis is configured");
            assertThat(putBack(service, """
                            {"list":"dlq","all":true,"reason":"r"}""").statusCode()).isEqualTo(409);
        }
        try (RunningService service = service(Map.of("registry.consumers.enabled", "false"))) {
            assertThat(text(consumers(service), "/unavailable_reason")).contains("registry.consumers.enabled");
            service.register("model", "1");
            awaitDepth(1);
            assertThat(life(service, waiting()).get("taken").isNull()).isTrue();
            assertThat(putBack(service, """
                            {"list":"dlq","all":true,"reason":"r"}""").body()).contains("Nothing to put back from dlq");
            HttpResponse<String> unwatched = putBack(service, """
                            {"list":"processing","message_id":"%s","reason":"r"}""".formatted(id(take())));
            assertThat(unwatched.statusCode()).isEqualTo(409);
            assertThat(unwatched.body())
                    .contains("registry.consumers.enabled is false")
                    .doesNotContain("has been seen");
            assertThat(putBack(service, """
                            {"list":"processing","all":true,"reason":"r"}""").body())
                    .contains("registry.consumers.enabled is false")
                    .doesNotContain("seen for less");
        }
    }

    private RunningService service(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of(
                "REDIS_URL", redis.url(),
                "registry.relay.interval", "100ms",
                "registry.consumers.interval", "20ms"));
        all.putAll(settings);
        return RunningService.on(TestDatabase.H2, all);
    }

    private void registerAll(RunningService service, int number) {
        for (int n = 1; n <= number; n++) {
            service.register("model", Integer.toString(n));
        }
        awaitDepth(number);
    }

    private void awaitDepth(long depth) {
        Eventually.await("in the queue", () -> depth() == depth);
    }

    private long depth() {
        try (RedisConnection connection = redis.connect()) {
            return (Long) connection.command("LLEN", QUEUE);
        }
    }

    private String take() {
        return (String) consumer.command("BRPOPLPUSH", QUEUE, PROCESSING, "10");
    }

    /** The element that will be taken last. */
    private String waiting() {
        return (String) consumer.command("LINDEX", QUEUE, "0");
    }

    private static JsonNode life(RunningService service, String element) {
        return JSON.readTree(service.get("/outbox/messages/" + id(element)).body());
    }

    private void finish(String element) {
        assertThat(consumer.command("LREM", PROCESSING, "1", element)).isEqualTo(1L);
    }

    private void giveUp(String element, String deadLetter) {
        consumer.command("LPUSH", DLQ, deadLetter);
        finish(element);
    }

    private static String wrapped(String element) {
        return JSON.createObjectNode()
                .put("original_message", element)
                .put("error", "boom")
                .put("failed_at", "2026-11-25T10:00:00")
                .put("original_queue", QUEUE)
                .toString();
    }

    private static String id(String element) {
        return JSON.readTree(element).get("message_id").stringValue();
    }

    private static String text(JsonNode json, String path) {
        return json.at(path).asString("");
    }

    private static JsonNode consumers(RunningService service) {
        return JSON.readTree(service.get("/outbox/consumers").body());
    }

    private static HttpResponse<String> putBack(RunningService service, String body) {
        return service.post("/outbox/put-back", body);
    }

    private static Map<String, Object> rewind(RunningService service) {
        List<Map<String, Object>> rewinds =
                service.jdbc().queryForList("SELECT message_count, certainly_done, possibly_done FROM outbox_rewinds");
        assertThat(rewinds).hasSizeLessThanOrEqualTo(1);
        return rewinds.isEmpty() ? Map.of() : rewinds.get(0);
    }
}
